"""What each shape rejects: edits of ontology/example.ttl as SPARQL updates, by name of the shape.

An edit of a strict shape is made to the whole example; one of a lenient shape stands alone.
"""

from kprov_rdf.vocabulary import EXAMPLE_PREFIXES

PREFIXES = "".join(
    line.removesuffix(" .").replace("@base", "BASE").replace("@prefix", "PREFIX") + "\n"
    for line in [
        *EXAMPLE_PREFIXES.splitlines(),
        "@prefix dcterms: <http://purl.org/dc/terms/> .",
    ]
)

# ---------- PROV-O: what stands where (subject, object), by relation ----------

RELATIONS = {
    "used": ("activity", "entity"),
    "wasGeneratedBy": ("entity", "activity"),
    "wasDerivedFrom": ("entity", "entity"),
    "wasRevisionOf": ("entity", "entity"),
    "wasQuotedFrom": ("entity", "entity"),
    "hadPrimarySource": ("entity", "entity"),
    "alternateOf": ("entity", "entity"),
    "specializationOf": ("entity", "entity"),
    "hadMember": ("entity", "entity"),
    "wasInformedBy": ("activity", "activity"),
    "wasStartedBy": ("activity", "entity"),
    "wasEndedBy": ("activity", "entity"),
    "wasInvalidatedBy": ("entity", "activity"),
    "generated": ("activity", "entity"),
    "invalidated": ("activity", "entity"),
    "wasAssociatedWith": ("activity", "agent"),
    "wasAttributedTo": ("entity", "agent"),
    "actedOnBehalfOf": ("agent", "agent"),
    "hadPlan": (None, "entity"),
    "hadActivity": (None, "activity"),
    "mentionOf": ("entity", "entity"),
    "asInBundle": ("entity", "entity"),
    "entity": (None, "entity"),
    "activity": (None, "activity"),
    **dict.fromkeys(
        [
            f"qualified{one}"
            for one in (
                "Generation",
                "Invalidation",
                "Derivation",
                "Revision",
                "Quotation",
                "PrimarySource",
                "Attribution",
            )
        ],
        ("entity", None),
    ),
    **dict.fromkeys(
        [f"qualified{one}" for one in ("Usage", "Communication", "Start", "End", "Association")],
        ("activity", None),
    ),
    "qualifiedDelegation": ("agent", None),
    "agent": (None, "agent"),
    "startedAtTime": ("activity", None),
    "endedAtTime": ("activity", None),
}
QUALIFIED = (
    "Usage", "Generation", "Invalidation", "Communication", "Start", "End", "Attribution",
    "Association", "Delegation", "Derivation", "Revision", "Quotation", "PrimarySource",
    "Influence",
)  # fmt: skip
DERIVATIONS = ("Revision", "Quotation", "PrimarySource")  # are derivations too
KINDS = [one for one in QUALIFIED if one not in (*DERIVATIONS, "Influence")]
WRONG = {"entity": "Activity", "activity": "Plan", "agent": "Usage"}
PLACE = {"entity": "EntityPlace", "activity": "ActivityPlace", "agent": "AgentPlace"}
TYPED = {"entity": "TypedEntity", "activity": "TypedActivity", "agent": "TypedAgent"}


def _time(prop: str) -> str:
    return '"2026-01-01T00:00:00Z"^^xsd:dateTime' if prop.endswith("AtTime") else "<urn:o>"


LENIENT: dict[str, list[str]] = {
    "EntityIsNoActivity": ["INSERT DATA { <urn:x> a prov:Collection , prov:Activity }"],
    "EntityPlace": ['INSERT DATA { <urn:x> prov:used "a text" }'],
    "ActivityPlace": ['INSERT DATA { <urn:x> prov:wasGeneratedBy "a text" }'],
    "AgentPlace": ['INSERT DATA { <urn:x> prov:wasAttributedTo "a text" }'],
    "InfluencePlace": [
        'INSERT DATA { <urn:x> prov:qualifiedUsage "a text" }',
        *(
            f"INSERT DATA {{ <urn:x> prov:qualified{one} <urn:q> . <urn:q> a prov:{kind} }}"
            for one in QUALIFIED
            for kind in ("Entity", "Activity", "Agent")
        ),
    ],
    "StartTimeValue": [
        'INSERT DATA { <urn:x> prov:startedAtTime "2026-01-01" }',
        'INSERT DATA { <urn:x> prov:startedAtTime "2026-01-01T00:00:00Z"^^xsd:dateTime , '
        '"2026-01-02T00:00:00Z"^^xsd:dateTime }',
    ],
    "EndTimeValue": [
        'INSERT DATA { <urn:x> prov:endedAtTime "2026-01-01" }',
        'INSERT DATA { <urn:x> prov:endedAtTime "2026-01-01T00:00:00Z"^^xsd:dateTime , '
        '"2026-01-02T00:00:00Z"^^xsd:dateTime }',
    ],
    "GenerationTimeValue": ['INSERT DATA { <urn:x> prov:generatedAtTime "yesterday" }'],
    "InvalidationTimeValue": ["INSERT DATA { <urn:x> prov:invalidatedAtTime 2026 }"],
    "EventTimeValue": [
        'INSERT DATA { <urn:x> prov:atTime "yesterday" }',
        'INSERT DATA { <urn:x> prov:atTime "2026-01-01T00:00:00Z"^^xsd:dateTime , '
        '"2026-01-02T00:00:00Z"^^xsd:dateTime }',
    ],
    "StartBeforeEndTimes": [
        'INSERT DATA { <urn:x> prov:startedAtTime "2026-01-02T00:00:00Z"^^xsd:dateTime ; '
        'prov:endedAtTime "2026-01-01T00:00:00Z"^^xsd:dateTime }',
    ],
    **{
        f"Influencing{role.capitalize()}": [
            f"INSERT DATA {{ {how.format(one)} ; prov:{role} {value} }}"
            for one in kinds
            for how in ("<urn:x> a prov:{}", "<urn:e> prov:qualified{} <urn:x> . <urn:x> a <urn:C>")
            for value in ("<urn:a> , <urn:b>", '"a text"')
        ]
        for role, kinds in {
            "entity": ("Usage", "Start", "End", "Derivation", *DERIVATIONS),
            "activity": ("Generation", "Invalidation", "Communication"),
            "agent": ("Attribution", "Association", "Delegation"),
        }.items()
    },
    "DerivationEntity": ["INSERT DATA { <urn:x> a prov:PrimarySource }"],
    "CommunicationActivity": ["INSERT DATA { <urn:x> a prov:Communication }"],
    "ResponsibleAgent": [
        "INSERT DATA { <urn:x> a prov:Attribution }",
        "INSERT DATA { <urn:x> a prov:Delegation }",
    ],
    "AssociationPlanValue": [
        "INSERT DATA { <urn:x> a prov:Association ; prov:hadPlan <urn:a> , <urn:b> }"
    ],
    "InfluenceOwners": [
        f"INSERT DATA {{ <urn:a> prov:qualified{one} <urn:x> . <urn:b> prov:qualified{one} <urn:x> "
        f". <urn:x> a prov:{one} }}"
        for one in QUALIFIED
    ],
    **{
        f"Qualified{one}": [
            f"INSERT DATA {{ <urn:x> prov:qualified{one} <urn:q> . <urn:q> a prov:{other} }}"
            for other in KINDS
            if other != one and not (one in DERIVATIONS and other == "Derivation")
        ]
        for one in QUALIFIED
        if one != "Influence"
    },
    "NoMember": ["INSERT DATA { <urn:x> a prov:EmptyCollection ; prov:hadMember <urn:a> }"],
}
for _prop, _sides in RELATIONS.items():
    for _side, _kind in zip(("<urn:s>", "<urn:o>"), _sides, strict=True):
        if _kind:
            LENIENT[PLACE[_kind]].append(
                f"INSERT DATA {{ <urn:s> prov:{_prop} {_time(_prop)} . "
                f"{_side} a prov:{WRONG[_kind]} }}"
            )

# ---------- What kprov writes ----------


def _drop(subject: str, prop: str) -> str:
    return f"DELETE WHERE {{ {subject} {prop} ?o }}"


def _put(subject: str, prop: str, value: str) -> str:
    return (
        f"DELETE {{ {subject} {prop} ?o }} INSERT {{ {subject} {prop} {value} }} "
        f"WHERE {{ {subject} {prop} ?o }}"
    )


def _less(subject: str, prop: str, value: str) -> str:
    return f"DELETE DATA {{ {subject} {prop} {value} }}"


def _more(text: str) -> str:
    return f"INSERT DATA {{ {text} }}"


def _at(second: int) -> str:
    return f'"2026-11-20T12:00:{second:02}Z"^^xsd:dateTime'


def _generated(second: int) -> str:
    """A qualified generation at this second, by an activity from 22 to 23."""
    return _more(
        "r:file-1 prov:qualifiedGeneration r:g . r:g a prov:Generation ; "
        f"prov:activity r:export-1 ; prov:atTime {_at(second)}"
    )


_FLOW = "<dataflow/digits-cnn/sha256-5f>"
_BYTES = "<content/sha256-11f8c5a1e77b2d9c4a6b0d3e5f718293a4b5c6d7e8f90a1b2c3d4e5f60718293>"

STRICT: dict[str, list[str]] = {
    "NodeName": [_more("[] a prov:Entity")],
    "PlainProvClass": [_less("r:gpu-0", "a", "prov:Entity")],
    "TypedEntity": [],
    "TypedActivity": [],
    "TypedAgent": [],
    "EndAfterStartTimes": [_put("r:split-1", "prov:endedAtTime", _at(2))],
    **{
        f"Typed{one}": [
            f"INSERT DATA {{ r:x prov:qualified{one} r:y }}",
            f"INSERT DATA {{ r:x prov:qualified{one} [ a prov:{one} ] }}",
        ]
        for one in QUALIFIED
        if one not in ("Revision", "Quotation", "PrimarySource", "Influence")
    },
    "UsageEntity": [_more(f"r:x a prov:{one}") for one in ("Usage", "Start", "End")],
    "GenerationActivity": [_more(f"r:x a prov:{one}") for one in ("Generation", "Invalidation")],
    "Record": [_more(f"r:x a prov:Plan ; dcterms:created {_at(0)}")],
    "RecordCreated": [
        _more(f"<run/1> a prov:Bundle ; dcterms:created {_at(0)} , {_at(1)}"),
        _more('<run/1> a prov:Bundle ; dcterms:created "yesterday"'),
    ],
    "RecordAgent": [_more(f"<run/1> a prov:Bundle ; dcterms:created {_at(0)}")],
    "TypedCollection": [_less("r:summary", "a", "prov:Collection")],
    "TypedPlan": [_more("r:association-person prov:hadPlan r:code")],
    "OneGeneration": [_more("r:raw-data prov:wasGeneratedBy r:split-1")],
    "OneGenerationTime": [_more(f"r:model prov:generatedAtTime {_at(13)}")],
    "StartZone": [
        _more('r:x a prov:Activity ; prov:startedAtTime "2026-01-01T00:00:00"^^xsd:dateTime')
    ],
    "EndZone": [
        _more('r:x a prov:Activity ; prov:endedAtTime "2026-01-01T00:00:00"^^xsd:dateTime')
    ],
    "GenerationZone": [_more('r:code prov:generatedAtTime "2026-11-20T12:00:22"^^xsd:dateTime')],
    "GeneratedAfterStart": [_put("r:model", "prov:generatedAtTime", _at(12)), _generated(2)],
    "GeneratedBeforeEnd": [_put("r:model", "prov:generatedAtTime", _at(15)), _generated(40)],
    "InvalidationZone": [
        _more('r:code prov:invalidatedAtTime "2026-11-20T12:00:22"^^xsd:dateTime')
    ],
    "EventZone": [_more('r:x a prov:Usage ; prov:atTime "2026-11-20T12:00:22"^^xsd:dateTime')],
    "AssociationAgent": [_drop("r:association-person", "prov:agent")],
    "AssociationOwner": [_less("r:execution", "prov:qualifiedAssociation", "r:association-person")],
    "DelegationActivity": [
        _drop("r:delegation", "prov:hadActivity"),
        _more("r:delegation prov:hadActivity r:training"),
    ],
    "DelegationOwner": [_drop("<agent/kprov-capture-0.1.0>", "prov:qualifiedDelegation")],
    # dataflow.ttl
    "DataflowTag": [_drop(_FLOW, "dnnprov:tag"), _more(f'{_FLOW} dnnprov:tag "another"')],
    "DataflowSteps": [_drop(_FLOW, "dnnprov:hasTransformation")],
    "TransformationTag": [
        _drop("df:normalise", "dnnprov:tag"),
        _more('df:normalise dnnprov:tag "another"'),
    ],
    "TransformationDataflow": [_less(_FLOW, "dnnprov:hasTransformation", "df:normalise")],
    "SchemaTransformation": [_drop("df:normalise", "dnnprov:hasInputSet")],
    "SchemaAttributes": [_drop("df:iraw", "dnnprov:hasAttribute")],
    **{
        f"Dependency{name}": [
            _drop("df:dependency-1", f"dnnprov:{prop}"),
            _more(f"df:dependency-1 dnnprov:{prop} {another}"),
        ]
        for name, prop, another in (
            ("Previous", "previousTransformation", "df:trainingmodel"),
            ("Next", "nextTransformation", "df:normalise"),
            ("Set", "viaSet", "df:iraw"),
        )
    },
    "ReportedName": [
        _drop("<metric/pde_residual>", "dnnprov:reportedName"),
        _drop("<setting/growth_rate>", "dnnprov:reportedName"),
        _more('<metric/pde_residual> dnnprov:reportedName "another"'),
    ],
    "UserAttributeType": [_drop("df:k", "dnnprov:dataType")],
    "DataTypeName": [_put("df:k", "dnnprov:dataType", '"INTEGER"')],
    "MetricIsDouble": [_put("r:metrics-0", "<metric/pde_residual>", "1")],
    "MetricIsNoSentinel": [_put("r:metrics-0", "<metric/pde_residual>", "-9999999e0")],
    "NumericValue": [
        _put("r:metrics-0-k", "dnnprov:value", '"twelve"'),
        _more('r:metrics-0 df:k "twelve"'),
        _put("r:metrics-0-k", "dnnprov:value", "-9999999"),
    ],
    "TextValue": [
        _put("r:row-1", "df:note", "12"),
        _put("df:note", "dnnprov:dataType", '"LONG_TEXT"')
        + " ; "
        + _put("r:row-1", "df:note", "1"),
        _more(
            "r:row-1 dnnprov:hasAttributeValue r:v . r:v a dnnprov:AttributeValue , prov:Entity ; "
            "dnnprov:ofAttribute df:note ; dnnprov:value 12"
        ),
    ],
    "MetricValueNumber": [
        _put("r:metrics-0-loss", "dnnprov:value", '"None"'),
        _put("r:metrics-0-loss", "dnnprov:value", "-9999999e0"),
    ],
    "ValueOfAttribute": [
        _drop("r:metrics-0-k", "dnnprov:ofAttribute"),
        _more("r:metrics-0-k dnnprov:ofAttribute df:note"),
        _drop("r:metrics-0-loss", "dnnprov:ofMetric"),
    ],
    "ValueItself": [
        _drop("r:metrics-0-k", "dnnprov:value"),
        _more("r:metrics-0-k dnnprov:value 13"),
    ],
    # run.ttl
    "StatusName": [_put("r:training", "dnnprov:status", '"RUNNING"')],
    "StatusEnd": [_drop("r:training", "prov:endedAtTime")],
    "StatusOfError": [
        _more('r:execution dnnprov:error "ValueError"'),
        _more('r:testing-1 dnnprov:error "ValueError"'),
    ],
    "ExecutionStart": [_drop("r:execution", "prov:startedAtTime")],
    "ExecutionAgent": [_drop("r:execution", "prov:wasAssociatedWith")],
    "QualifiedAgents": [
        _less("r:execution", "prov:qualifiedAssociation", "r:association-person"),
        _less("r:execution", "prov:wasAssociatedWith", "<agent/person-7c1e>"),
    ],
    "StepStart": [_drop("r:split-1", "prov:startedAtTime")],
    "StepOwner": [_drop("r:split-1", "dnnprov:partOfExecution")],
    "StepTransformation": [_more("r:training dnnprov:ofTransformation df:normalise")],
    "TrainingExecution": [
        _drop("r:training", "dnnprov:partOfExecution"),
        _more("r:training dnnprov:partOfExecution r:other"),
    ],
    "TrainingTransformation": [_drop("r:training", "dnnprov:ofTransformation")],
    "TrainingConfiguration": [
        "DELETE { r:training prov:used ?c } "
        "WHERE { r:training prov:used ?c . ?c a dnnprov:iTraining }"
    ],
    "TrainingArchitecture": [_less("r:training", "prov:used", "r:architecture")],
    "TrainingInformed": [_less("r:training", "prov:wasInformedBy", "r:execution")],
    "EndedTraining": [
        _drop("r:training", "dnnprov:status") + " ; " + _drop("r:execution", "dnnprov:status")
    ],
    "StepsWithinExecution": [
        _put("r:execution", "prov:endedAtTime", _at(12)),
        _put("r:execution", "prov:startedAtTime", _at(3)),
    ],
    "OpenTraining": [
        _drop("r:training", "prov:endedAtTime") + " ; " + _drop("r:training", "dnnprov:status")
    ],
    "FineTuningModel": [_less("r:training", "prov:used", "r:pretrained-model")],
    "TerminatedTraining": [
        _drop("r:stop", "dnnprov:terminates"),
        _more("r:stop dnnprov:terminates r:training-2"),
    ],
    "TerminationTechnique": [_drop("r:stop", "dnnprov:technique")],
    "TerminationSignal": [
        _more("r:signal-2 a dnnprov:StopSignal , prov:Entity ; prov:wasGeneratedBy r:stop"),
    ],
    "TerminationOver": [_drop("r:stop-signal", "prov:wasGeneratedBy")],
    "SignalTermination": [
        _drop("r:stop-signal", "prov:wasGeneratedBy"),
        _put("r:stop-signal", "prov:wasGeneratedBy", "r:training"),
    ],
    "SignalTraining": [_more("r:testing-1 prov:wasEndedBy r:stop-signal")],
    "SignalEffect": [
        _drop("r:training", "prov:wasEndedBy")
        + " ; "
        + _put("r:training", "dnnprov:status", '"FINISHED"')
    ],
    "SummaryEpochs": [
        _drop("r:summary", "dnnprov:epochCount"),
        _more("r:summary dnnprov:epochCount 4"),
        _put("r:summary", "dnnprov:epochCount", "-1"),
    ],
    "SummaryTraining": [
        _drop("r:summary", "prov:wasGeneratedBy"),
        _put("r:summary", "prov:wasGeneratedBy", "r:testing-1"),
    ],
    "EpochsCounted": [
        _put("r:summary", "dnnprov:epochCount", "4"),
        "DELETE { ?e ?p ?o . ?m ?q ?v } WHERE { ?m dnnprov:epoch 2 ; prov:wasGeneratedBy ?e ; "
        "?q ?v . ?e ?p ?o }",
    ],
    "SummaryMetric": [
        _drop("r:summary-loss", "dnnprov:ofMetric"),
        _more("r:summary-loss dnnprov:ofMetric dnnprov:accuracy"),
    ],
    "SummaryMean": [_drop("r:summary-loss", "dnnprov:mean")],
    "SummaryLast": [_drop("r:summary-loss", "dnnprov:last")],
    "SummaryOrder": [_put("r:summary-loss", "dnnprov:minimum", "9.0e0")],
    "ImportSource": [
        _drop("<import/1#import>", "prov:used"),
        _put("<import/1#import>", "prov:used", "r:model"),
    ],
    "ImportAgent": [_drop("<import/1#import>", "prov:wasAssociatedWith")],
    "ImportStart": [_drop("<import/1#import>", "prov:startedAtTime")],
    "ValidationRecord": [
        _drop("<catalog#validation-1>", "prov:used"),
        _put("<catalog#validation-1>", "prov:used", "r:model"),
        _more("<catalog#validation-1> prov:used <run/2> . <run/2> a prov:Bundle , prov:Entity"),
    ],
    "ValidationAgent": [_drop("<catalog#validation-1>", "prov:wasAssociatedWith")],
    "ValidationStart": [_drop("<catalog#validation-1>", "prov:startedAtTime")],
    "ValidationEnd": [_drop("<catalog#validation-1>", "prov:endedAtTime")],
    "RemovedRecord": [
        _drop("<run/2>", "prov:wasInvalidatedBy"),
        _more("r:model prov:wasInvalidatedBy <catalog#removal-2>"),
    ],
    "RemovalAgent": [_drop("<catalog#removal-2>", "prov:wasAssociatedWith")],
    "RemovalEnd": [_drop("<catalog#removal-2>", "prov:endedAtTime")],
    "ReportVerdict": [_drop("<catalog#report-1>", "dnnprov:conforms")],
    "ReportOrigin": [
        _drop("<catalog#report-1>", "prov:wasGeneratedBy"),
        _put("<catalog#report-1>", "prov:wasGeneratedBy", "r:training"),
    ],
    "ReportRules": [_drop("<catalog#report-1>", "dnnprov:ruleSet")],
    "BatchSizeValue": [_more("r:c a dnnprov:iTraining , prov:Entity ; dnnprov:batchSize 0")],
    "NumEpochsValue": [_more("r:c a dnnprov:iTraining , prov:Entity ; dnnprov:numEpochs -1")],
    "SampleCountValue": [_more("r:d a dnnprov:Dataset , prov:Entity ; dnnprov:sampleCount -1")],
    "WorkerCountValue": [_more("r:t a dnnprov:Training , prov:Activity ; dnnprov:workerCount 0")],
    # epoch.ttl
    "EpochTraining": [
        _drop("r:epoch-1", "dnnprov:partOfTraining"),
        _more("r:epoch-1 dnnprov:partOfTraining r:training-2"),
    ],
    "EpochEnd": [_drop("r:epoch-1", "prov:endedAtTime")],
    "EpochConfiguration": [
        _drop("r:epoch-1", "prov:used"),
        _more("r:epoch-1 prov:used r:config-0"),
    ],
    "EpochMetrics": [
        _drop("r:metrics-1", "prov:wasGeneratedBy"),
        _more("r:again a dnnprov:oTraining , prov:Entity ; prov:wasGeneratedBy r:epoch-1"),
    ],
    "EpochInformed": [_put("r:epoch-1", "prov:wasInformedBy", "r:execution")],
    "EpochNumber": [
        _drop("r:metrics-1", "dnnprov:epoch"),
        _put("r:metrics-1", "dnnprov:epoch", "-1"),
    ],
    "EpochDuration": [
        _drop("r:metrics-1", "dnnprov:elapsedTime"),
        _put("r:metrics-1", "dnnprov:elapsedTime", "-1.0e0"),
    ],
    "MetricsEpoch": [
        _drop("r:metrics-1", "prov:wasGeneratedBy"),
        _put("r:metrics-1", "prov:wasGeneratedBy", "r:training"),
    ],
    "EpochNumbers": [_put("r:metrics-1", "dnnprov:epoch", "0")],
    "EpochGap": [_put("r:metrics-2", "dnnprov:epoch", "7")],
    "EpochOrder": [_put("r:epoch-1", "prov:startedAtTime", _at(6))],
    "EpochsWithinTraining": [
        _put("r:training", "prov:startedAtTime", _at(6)),
        _put("r:training", "prov:endedAtTime", _at(11)),
    ],
    "ValidationOrigin": [
        _drop("r:validation-0-metrics", "prov:wasGeneratedBy"),
        _put("r:validation-0-metrics", "prov:wasGeneratedBy", "r:epoch-0"),
    ],
    "ValidationTraining": [_drop("r:validation-0", "dnnprov:partOfTraining")],
    # adaptation.ttl
    "AdaptedTraining": [
        _drop("r:adaptation-1", "dnnprov:adapts"),
        _more("r:adaptation-1 dnnprov:adapts r:training-2"),
    ],
    "AdaptationCause": [_drop("r:adaptation-1", "dnnprov:technique")],
    "AdaptationUsed": [_less("r:adaptation-1", "prov:used", "r:config-0")],
    "AdaptationKnown": [_less("r:training", "prov:wasInformedBy", "r:adaptation-1")],
    "AdaptationResult": [
        _put("r:config-1", "prov:wasGeneratedBy", "r:adaptation-2"),
        _less("r:config-1", "a", "dnnprov:oAdaptation"),
    ],
    "WatchedMetrics": [_less("r:adaptation-1", "prov:used", "r:metrics-0")],
    "InterventionPerson": [
        _put("r:adaptation-3", "prov:wasAssociatedWith", "<agent/kprov-capture-0.1.0>")
    ],
    "oAdaptation": [_less("r:config-1", "a", "dnnprov:iTraining")],
    "AdaptationOld": [
        _drop("r:config-1", "dnnprov:oldValue"),
        _more('r:config-1 dnnprov:oldValue "0.002"^^xsd:double'),
    ],
    "AdaptationNew": [
        _drop("r:config-1", "dnnprov:newValue"),
        _more('r:config-1 dnnprov:newValue "0.002"^^xsd:double'),
    ],
    "AdaptationRevises": [
        _drop("r:config-1", "prov:wasRevisionOf"),
        _more("r:config-1 prov:wasRevisionOf r:config-3"),
        _put("r:config-1", "prov:wasRevisionOf", "r:model"),
    ],
    "AdaptationOrigin": [
        _drop("r:config-1", "prov:wasGeneratedBy"),
        _put("r:config-1", "prov:wasGeneratedBy", "r:training"),
    ],
    # Equal by value, whatever their form: 5e-4 and 0.0005.
    "SomethingChanged": [_put("r:config-1", "dnnprov:oldValue", '"5e-4"^^xsd:double')],
    "OneTypeOfValue": [_put("r:config-1", "dnnprov:oldValue", '"0.001"')],
    "AdaptationProperty": [
        _drop("r:config-1", "dnnprov:adaptedProperty"),
        _more("r:config-1 dnnprov:adaptedProperty dnnprov:momentum"),
    ],
    "OldValueWasThere": [_put("r:config-1", "dnnprov:oldValue", '"0.01"^^xsd:double')],
    "NewValueIsThere": [_put("r:config-1", "dnnprov:newValue", '"0.01"^^xsd:double')],
    # model.ttl
    "LayerName": [_drop("r:layer-dense_1", "dnnprov:layerName")],
    "LayerType": [_drop("r:layer-dense_1", "dnnprov:layerType")],
    "LayerPosition": [
        _drop("r:layer-dense_1", "dnnprov:position"),
        _put("r:layer-dense_1", "dnnprov:position", "-1"),
    ],
    "LayerOwner": [_less("r:architecture", "prov:hadMember", "r:layer-dense_1")],
    "LayerParameters": [_put("r:layer-dense_1", "dnnprov:parameterCount", "-1")],
    "WeightLayer": [_drop("r:layer-dense_1", "dnnprov:hasWeights")],
    "ModelOrigin": [_drop("r:pretrained-model", "prov:specializationOf")],
    "TestedModel": [
        _less("r:testing-1", "prov:used", "r:model"),
        _more("r:testing-1 prov:used r:checkpoint-1"),
    ],
    "TestedData": [_less("r:testing-1", "prov:used", "r:test-set")],
    "TestMetrics": [
        _more("r:again a dnnprov:oTesting , prov:Entity ; prov:wasGeneratedBy r:testing-1"),
    ],
    "TestingOver": [
        _drop("r:testing-1-metrics", "prov:wasGeneratedBy"),
        _drop("r:testing-1-metrics", "prov:wasGeneratedBy")
        + " ; "
        + _more('r:testing-1 dnnprov:status "FINISHED"'),
    ],
    "TestOrigin": [
        _drop("r:testing-1-metrics", "prov:wasGeneratedBy"),
        _put("r:testing-1-metrics", "prov:wasGeneratedBy", "r:training"),
    ],
    "ExportedModel": [_less("r:export-1", "prov:used", "r:model")],
    "ExportOver": [_drop("r:file-1", "prov:wasGeneratedBy")],
    "RestoredModel": [_drop("r:restoration-1", "prov:used")],
    "UsedModel": [
        _less("r:prediction-1", "prov:used", "r:model"),
        _less("<inference/1>", "prov:used", "r:model"),
    ],
    # data.ttl
    "ContentHash": [
        _drop(_BYTES, "dnnprov:sha256"),
        _more(f'{_BYTES} dnnprov:sha256 "aa"'),
        _put(_BYTES, "dnnprov:sha256", '"AA"'),
    ],
    "ContentHashDigits": [
        _put(_BYTES, "dnnprov:sha256", '"aa"'),
        _put(_BYTES, "dnnprov:sha256", f'"{"a" * 65}"'),
    ],
    "ContentSize": [
        _drop(_BYTES, "dnnprov:byteSize"),
        _put(_BYTES, "dnnprov:byteSize", "-1"),
    ],
    "ContentOrigin": [_more(f"{_BYTES} prov:wasGeneratedBy r:load-1")],
    "ContentDerivation": [_more(f"{_BYTES} prov:wasDerivedFrom r:raw-data")],
    "ContentName": [_put(_BYTES, "dnnprov:sha256", f'"{"a" * 64}"')],
    "FilePath": [_drop("r:file-1", "dnnprov:path")],
    "SeriesFormat": [_drop("r:batches", "dnnprov:fileFormat")],
    "SplitWhole": [_drop("r:val-set", "prov:wasDerivedFrom")],
    "SplitSource": [_drop("r:split-1", "prov:used")],
    "SplitOver": ["DELETE WHERE { ?part prov:wasGeneratedBy r:split-1 }"],
    "SplitShareValue": [
        _put("r:val-set", "dnnprov:splitFraction", "-0.1e0"),
        _put("r:val-set", "dnnprov:splitFraction", "1.1e0"),
    ],
    "PreparedFrom": [_drop("r:load-1", "prov:used"), _drop("r:normalise-1", "prov:used")],
    "ArrayOwner": [_drop("r:raw-data", "prov:hadMember")],
    # environment.ttl
    "PackageName": [_drop("r:package-keras", "dnnprov:packageName")],
    "PackageVersion": [_drop("r:package-keras", "dnnprov:packageVersion")],
    "PackageOwner": [_drop("r:environment", "prov:hadMember")],
    "UsedBySomething": [
        _less("r:execution", "prov:used", one) for one in ("r:environment", "r:gpu-0", "r:code")
    ],
    "CoreCountValue": [_more("r:m a dnnprov:Machine , prov:Agent ; dnnprov:coreCount 0")],
    "MemorySizeValue": [_more("r:m a dnnprov:Machine , prov:Agent ; dnnprov:memorySize -1")],
}
for _prop, _sides in RELATIONS.items():
    for _side, _kind in zip(("<urn:s>", "<urn:o>"), _sides, strict=True):
        if _kind:
            STRICT[TYPED[_kind]].append(f"INSERT DATA {{ <urn:s> prov:{_prop} {_time(_prop)} }}")
