"""What the ontology page tells before its reference: the ideas, and how things are said.

Words between backquotes are terms or names; the Turtle has the prefixes of
``vocabulary.EXAMPLE_PREFIXES``.
"""

from dataclasses import dataclass

from kprov_rdf.linked import pictures
from kprov_rdf.linked.diagrams import Diagram

ABOUT = (
    "DNNProv is a vocabulary for the provenance of deep-learning training: who trained which "
    "model, by which plan, on which data, with which settings, and what came out, epoch by epoch.",
    "It specialises W3C PROV-O: each class is a kind of entity, activity or agent, and what PROV "
    "can say is said in PROV too, so that tools which know PROV alone understand a run.",
    "It describes what was planned and what happened, and the changes that a rule or a person "
    "made while the training ran.",
)
STATUS = (
    "kprov records the terms that are not marked. Those marked testing are declared for what it "
    "will record, or for others to use, and may still change."
)
EXCERPTS = (
    "These are excerpts: a whole record also says when each activity started, what it is part of, "
    "and so on. `ontology/example.ttl` is one that is valid."
)
LEGEND = (
    "In the pictures a yellow ellipse is an entity, a blue rectangle an activity, an orange house "
    "an agent, and a dashed rectangle a qualified relation, as W3C PROV draws them. Bold is the "
    "name of a node, below it is its class. An arrow is a property. PROV's point back in time: "
    "from what came later to what it came from."
)


@dataclass(frozen=True)
class Idea:
    """One idea of the model."""

    name: str
    title: str
    text: tuple[str, ...]
    turtle: str
    picture: Diagram | None = None


@dataclass(frozen=True)
class Recipe:
    """How something is said."""

    name: str
    title: str
    text: str
    turtle: str


IDEAS = (
    Idea(
        "prov",
        "Everything is PROV",
        (
            "A run is an activity, `ExecuteDataflow`, and within it `Training`, `Testing` and the "
            "rest are activities that are part of it. Data, settings, metrics and models are "
            "entities that they used or generated. A `Scientist` and the `CaptureLibrary` are the "
            "agents.",
            "Every node carries its PROV class beside its own, and a relation that PROV knows is "
            "said with PROV's property too: who leaves out all that is DNNProv still has the "
            "story.",
        ),
        """\
r:training a dnnprov:Training , prov:Activity ;
  dnnprov:partOfExecution r:execution ; prov:wasInformedBy r:execution ;
  prov:used r:train-set , r:config-0 , r:architecture .
r:model a dnnprov:TrainedModel , prov:Entity ; prov:wasGeneratedBy r:training .""",
        pictures.RUN,
    ),
    Idea(
        "graph",
        "A graph for each run",
        (
            "All statements of a run stand in a named graph whose IRI is `run/{id}`. The graph is "
            "the record, a `prov:Bundle`; what happened is another node, `run/{id}#execution`, "
            "since a record is an entity and a run an activity. What is known of the record "
            "itself stands in the graph `catalog`.",
            "What a run names is a fragment of its IRI, such as `#training` and `#metrics-3`. So "
            "a question joins settings and metrics by the graph they stand in, and two runs never "
            "mix. A plan is shared: many runs follow one `Dataflow`, which exists before them.",
        ),
        """\
r:execution a dnnprov:ExecuteDataflow , prov:Activity ;
  prov:qualifiedAssociation r:association-person ; dnnprov:status "FINISHED" .
r:association-person a prov:Association ; prov:agent <agent/person-7c1e> ;
  prov:hadPlan <dataflow/digits-cnn/sha256-5f> .
r:training dnnprov:ofTransformation df:trainingmodel .""",
        pictures.PLAN,
    ),
    Idea(
        "metrics",
        "One node for the metrics of an epoch",
        (
            "Each `EpochExecution` generates one `oTraining`, and the values are direct "
            "properties of it: half the size of a node for each value, and several times faster "
            "to ask. Keras's own metrics are declared here, such as `valLoss`; any other is "
            "declared in the run that reports it.",
        ),
        """\
r:epoch-0 a dnnprov:EpochExecution , prov:Activity ;
  dnnprov:partOfTraining r:training ; prov:wasInformedBy r:training ; prov:used r:config-0 .
r:metrics-0 a dnnprov:oTraining , prov:Entity ; prov:wasGeneratedBy r:epoch-0 ;
  dnnprov:epoch 0 ; dnnprov:elapsedTime "2.0"^^xsd:double ;
  dnnprov:loss "0.9"^^xsd:double ; dnnprov:valLoss "0.8"^^xsd:double .""",
        pictures.METRICS,
    ),
    Idea(
        "adaptation",
        "An adaptation generates the next configuration",
        (
            "The hyperparameters in force are an entity, an `iTraining`. Whatever changes one "
            "while the training runs is an `Adaptation`: it used the configuration in force and "
            "generated the next, which is an `oAdaptation` too and says the old and the new value.",
            "Its class says what caused it: `ScheduledAdaptation`, `RuleAdaptation` or "
            "`UserIntervention`. A rule used the metrics that it watched. Each epoch used the "
            "configuration under which it ran.",
        ),
        """\
r:adaptation-1 a dnnprov:RuleAdaptation , dnnprov:Adaptation , prov:Activity ;
  dnnprov:adapts r:training ; dnnprov:technique "ReduceLROnPlateau" ;
  prov:wasInformedBy r:epoch-0 ; prov:used r:metrics-0 , r:config-0 .
r:config-1 a dnnprov:oAdaptation , dnnprov:iTraining , prov:Entity ;
  prov:wasGeneratedBy r:adaptation-1 ; prov:wasRevisionOf r:config-0 ;
  dnnprov:adaptedProperty dnnprov:learningRate ; dnnprov:learningRate "0.0005"^^xsd:double ;
  dnnprov:oldValue "0.001"^^xsd:double ; dnnprov:newValue "0.0005"^^xsd:double .
r:epoch-1 prov:used r:config-1 .""",
        pictures.ADAPTATION,
    ),
    Idea(
        "content",
        "Content and role are two nodes",
        (
            "A run uses and generates nodes of its own, each with a role: `TrainSet`, `File`, "
            "`TrainedModel`. The bytes are a `Content`, named by their hash, which every run "
            "shares and which has no role and no origin. The one is a `prov:specializationOf` "
            "the other.",
            "So runs are linked by what they read and wrote, without knowing each other. And a "
            "data set may be a training set here and a test set there, and a model may be written "
            "twice, without a node that is its own ancestor.",
        ),
        """\
<run/a#file-1> a dnnprov:File , prov:Entity ;
  prov:wasGeneratedBy <run/a#export-1> ; prov:specializationOf <content/sha256-6a3f> .
<run/b#pretrained-model> a dnnprov:TrainedModel , prov:Entity ;
  prov:specializationOf <content/sha256-6a3f> .
<content/sha256-6a3f> a dnnprov:Content , prov:Entity ; dnnprov:byteSize 91234 .""",
        pictures.CONTENT,
    ),
)

RECIPES = (
    Recipe(
        "metric",
        "… a metric of my own?",
        "Declare a property in the run, under `metric/`, and use it like the others. Where its "
        "values have a unit, say it there too, with an IRI of QUDT.",
        """\
<metric/pde_residual> a dnnprov:Metric , prov:Entity , owl:DatatypeProperty ;
  rdfs:subPropertyOf dnnprov:metricValue ; dnnprov:reportedName "pde_residual" ;
  dnnprov:unit unit:PA .
r:metrics-3 <metric/pde_residual> "0.0021"^^xsd:double .""",
    ),
    Recipe(
        "setting",
        "… a hyperparameter of my own?",
        "Declare a property in the run, under `setting/`, and say it of the configuration.",
        """\
<setting/growth_rate> a dnnprov:HyperParameter , prov:Entity , owl:DatatypeProperty ;
  rdfs:subPropertyOf dnnprov:setting ; dnnprov:reportedName "growth_rate" .
r:config-0 <setting/growth_rate> 12 .""",
    ),
    Recipe(
        "unit",
        "… the unit of a value?",
        "Say it once, of the attribute in the plan, with a unit of QUDT.",
        """\
df:otrainingmodel dnnprov:hasAttribute df:elapsed_time .
df:elapsed_time a dnnprov:Attribute , prov:Entity ;
  dnnprov:dataType "NUMERIC" ; dnnprov:unit unit:SEC .""",
    ),
    Recipe(
        "rule",
        "… that a rule changed the learning rate?",
        "The adaptation says what it watched, the configuration what changed.",
        """\
r:adaptation-1 a dnnprov:RuleAdaptation , dnnprov:Adaptation , prov:Activity ;
  dnnprov:technique "ReduceLROnPlateau" ; dnnprov:monitoredMetric "val_loss" ;
  dnnprov:patience 3 ; dnnprov:adapts r:training ; prov:used r:metrics-3 , r:config-0 .
r:config-1 a dnnprov:oAdaptation , dnnprov:iTraining , prov:Entity ;
  prov:wasGeneratedBy r:adaptation-1 ; dnnprov:newValue "0.0005"^^xsd:double .""",
    ),
    Recipe(
        "person",
        "… that a person changed it, and why?",
        "The person is associated with the change; the query says what was looked at.",
        """\
r:adaptation-2 a dnnprov:UserIntervention , dnnprov:Adaptation , prov:Activity ;
  prov:wasAssociatedWith <agent/person-7c1e> ; dnnprov:adapts r:training ;
  prov:used r:config-1 ; dnnprov:reason "the loss swings" ;
  dnnprov:evidenceQuery "SELECT ?loss WHERE { ?m dnnprov:loss ?loss }" .""",
    ),
    Recipe(
        "stop",
        "… that a person stopped the training?",
        "The decision is an activity; the signal that it generates ends the training.",
        """\
r:stop a dnnprov:EarlyTermination , prov:Activity ; dnnprov:terminates r:training ;
  prov:wasAssociatedWith <agent/person-7c1e> ; prov:used r:metrics-7 ;
  dnnprov:reason "val_loss rises since epoch 4" .
r:stop-signal a dnnprov:StopSignal , prov:Entity ; prov:wasGeneratedBy r:stop .
r:training prov:wasEndedBy r:stop-signal .""",
    ),
    Recipe(
        "fine-tuning",
        "… that a model was fine-tuned from another?",
        "The training used the earlier model; its content links the run that wrote it.",
        """\
r:pretrained-model a dnnprov:TrainedModel , prov:Entity ;
  prov:specializationOf <content/sha256-6a3f> .
r:training a dnnprov:FineTuning , dnnprov:Training , prov:Activity ; prov:used r:pretrained-model .
r:model a dnnprov:TrainedModel , prov:Entity ; prov:wasGeneratedBy r:training ;
  dnnprov:fineTunedFrom r:pretrained-model ; prov:wasDerivedFrom r:pretrained-model .""",
    ),
    Recipe(
        "test",
        "… how a model did on a test set?",
        "A testing used both, and generated its metrics.",
        """\
r:testing-1 a dnnprov:Testing , prov:Activity ; dnnprov:partOfExecution r:execution ;
  dnnprov:tests r:model ; dnnprov:testedOn r:test-set ; prov:used r:model , r:test-set .
r:testing-1-metrics a dnnprov:oTesting , prov:Entity ; prov:wasGeneratedBy r:testing-1 ;
  dnnprov:loss "0.75"^^xsd:double ; dnnprov:accuracy "0.68"^^xsd:double .""",
    ),
)
