"""The pictures of the ontology page: which nodes and properties they show, and where."""

from kprov_rdf.linked.diagrams import Arrow, Band, Box, Diagram

RUN = Diagram(
    "run",
    "One run at a glance",
    "An execution is associated with a person, who follows a dataflow as plan, and with the "
    "library that records. Its training used a configuration, an architecture and a training "
    "set, and generated a model, which a testing used together with a test set.",
    boxes=(
        Box("person-7c1e", "agent", "Scientist", 0, 0),
        Box("association-person", "qualified", "prov:Association", 1, 0),
        Box("digits-cnn", "entity", "Dataflow", 2, 0),
        Box("trainingmodel", "entity", "DataTransformation", 3, 0),
        Box("kprov-capture", "agent", "CaptureLibrary", 0, 1),
        Box("execution", "activity", "ExecuteDataflow", 1, 1),
        Box("training", "activity", "Training", 2, 1),
        Box("config-0", "entity", "iTraining", 3, 1),
        Box("train-set", "entity", "TrainSet", 1, 2),
        Box("model", "entity", "TrainedModel", 2, 2),
        Box("architecture", "entity", "ModelArchitecture", 3, 2),
        Box("test-set", "entity", "TestSet", 1, 3),
        Box("testing-1", "activity", "Testing", 2, 3),
        Box("testing-1-metrics", "entity", "oTesting", 3, 3),
    ),
    arrows=(
        Arrow("association-person", "prov:agent", "person-7c1e"),
        Arrow("association-person", "prov:hadPlan", "digits-cnn"),
        Arrow("digits-cnn", "hasTransformation", "trainingmodel"),
        Arrow("execution", "prov:qualifiedAssociation", "association-person"),
        Arrow("execution", "prov:wasAssociatedWith", "kprov-capture"),
        Arrow("training", "partOfExecution", "execution"),
        Arrow("training", "ofTransformation", "trainingmodel"),
        Arrow("training", "prov:used", "config-0"),
        Arrow("training", "prov:used", "train-set"),
        Arrow("training", "prov:used", "architecture"),
        Arrow("model", "prov:wasGeneratedBy", "training"),
        Arrow("model", "prov:wasDerivedFrom", "train-set"),
        Arrow("model", "prov:wasDerivedFrom", "architecture"),
        Arrow("testing-1", "prov:used", "model"),
        Arrow("testing-1", "prov:used", "test-set"),
        Arrow("testing-1-metrics", "prov:wasGeneratedBy", "testing-1"),
    ),
    pitch=(275, 105),
)

ADAPTATION = Diagram(
    "adaptation",
    "Two epochs, and an adaptation between them",
    "An epoch used the configuration in force and generated its metrics. A rule that used these "
    "metrics and that configuration generated the next configuration, which the next epoch used.",
    boxes=(
        Box("training", "activity", "Training", 1, 0),
        Box("epoch-0", "activity", "EpochExecution", 0, 1),
        Box("adaptation-1", "activity", "RuleAdaptation", 1, 1, "ReduceLROnPlateau"),
        Box("epoch-1", "activity", "EpochExecution", 2, 1),
        Box("metrics-0", "entity", "oTraining", 0, 2, "valLoss 0.8"),
        Box("metrics-1", "entity", "oTraining", 2, 2, "valLoss 0.72"),
        Box("config-0", "entity", "iTraining", 0, 3, "learningRate 0.001"),
        Box("config-1", "entity", "iTraining", 2, 3, "learningRate 0.0005"),
    ),
    arrows=(
        Arrow("epoch-0", "partOfTraining", "training"),
        Arrow("adaptation-1", "adapts", "training"),
        Arrow("epoch-1", "partOfTraining", "training"),
        Arrow("adaptation-1", "prov:wasInformedBy", "epoch-0"),
        Arrow("metrics-0", "prov:wasGeneratedBy", "epoch-0"),
        Arrow("metrics-1", "prov:wasGeneratedBy", "epoch-1"),
        Arrow("adaptation-1", "prov:used", "metrics-0"),
        Arrow("adaptation-1", "prov:used", "config-0", at=0.62),
        Arrow("config-1", "prov:wasGeneratedBy", "adaptation-1"),
        Arrow("config-1", "prov:wasRevisionOf", "config-0"),
        Arrow("epoch-0", "prov:used", "config-0", via=((-0.38, 1), (-0.38, 3)), piece=1),
        Arrow("epoch-1", "prov:used", "config-1", via=((2.38, 1), (2.38, 3)), piece=1),
    ),
    pitch=(300, 110),
    margin=(145, 40, 35, 50),
)

PLAN = Diagram(
    "plan",
    "The plan, and what happened",
    "What was planned stands at the left: a dataflow, its transformation, and the schemas of what "
    "goes in and comes out. What happened stands at the right, and each part points to the part "
    "of the plan that it followed.",
    boxes=(
        Box("digits-cnn", "entity", "Dataflow", 0, 0),
        Box("association-person", "qualified", "prov:Association", 1.87, 0),
        Box("execution", "activity", "ExecuteDataflow", 3, 0),
        Box("trainingmodel", "entity", "DataTransformation", 0, 1),
        Box("training", "activity", "Training", 3, 1),
        Box("itrainingmodel", "entity", "DataSetSchema", 1, 2),
        Box("config-0", "entity", "iTraining", 2, 2),
        Box("otrainingmodel", "entity", "DataSetSchema", 1, 3),
        Box("metrics-0", "entity", "oTraining", 2, 3),
        Box("epoch-0", "activity", "EpochExecution", 3, 3),
        Box("epoch_id", "entity", "Attribute", 0, 3.9),
    ),
    arrows=(
        Arrow("digits-cnn", "hasTransformation", "trainingmodel"),
        Arrow("association-person", "prov:hadPlan", "digits-cnn"),
        Arrow("execution", "prov:qualifiedAssociation", "association-person"),
        Arrow("training", "partOfExecution", "execution"),
        Arrow("training", "ofTransformation", "trainingmodel"),
        Arrow("trainingmodel", "hasInputSet", "itrainingmodel"),
        Arrow("trainingmodel", "hasOutputSet", "otrainingmodel", via=((0, 3),)),
        Arrow("otrainingmodel", "hasAttribute", "epoch_id"),
        Arrow("config-0", "ofSet", "itrainingmodel"),
        Arrow("metrics-0", "ofSet", "otrainingmodel"),
        Arrow("training", "prov:used", "config-0"),
        Arrow("metrics-0", "prov:wasGeneratedBy", "epoch-0"),
        Arrow("epoch-0", "partOfTraining", "training"),
    ),
    bands=(
        Band("planned, before anything runs", -0.42, -0.72, 1.4, 4.35),
        Band("happened", 1.5, -0.72, 3.42, 4.35),
    ),
    pitch=(250, 105),
    margin=(115, 85, 115, 55),
)

CONTENT = Diagram(
    "content",
    "Two runs, linked by the bytes of a file",
    "Run A trained a model and wrote it to a file. Run B began with a pre-trained model. File and "
    "pre-trained model are specializations of one content, named by its hash: so B is known to go "
    "on from A, though neither names the other.",
    boxes=(
        Box("training", "activity", "Training", 0, 0),
        Box("model", "entity", "TrainedModel", 0, 1),
        Box("export-1", "activity", "ModelExport", 0, 2),
        Box("file-1", "entity", "File", 0, 3),
        Box("sha256-6a3f", "entity", "Content", 1, 3),
        Box("pretrained-model", "entity", "TrainedModel", 2, 3),
        # With a blank behind: the picture has a training and a model of two runs.
        Box("training ", "activity", "FineTuning", 2, 2),
        Box("model ", "entity", "TrainedModel", 2, 1),
    ),
    arrows=(
        Arrow("model", "prov:wasGeneratedBy", "training"),
        Arrow("export-1", "prov:used", "model"),
        Arrow("file-1", "prov:wasGeneratedBy", "export-1"),
        Arrow("file-1", "prov:specializationOf", "sha256-6a3f"),
        Arrow("pretrained-model", "prov:specializationOf", "sha256-6a3f"),
        Arrow("training ", "prov:used", "pretrained-model"),
        Arrow("model ", "prov:wasGeneratedBy", "training "),
        Arrow("model ", "fineTunedFrom", "pretrained-model", via=((2.42, 1), (2.42, 3)), piece=1),
    ),
    bands=(
        Band("run A", -0.34, -0.6, 0.34, 3.5),
        Band("run B", 1.62, 0.4, 2.64, 3.5),
    ),
    pitch=(290, 105),
    margin=(110, 75, 75, 60),
)

METRICS = Diagram(
    "metrics",
    "Epochs and their metrics",
    "Each epoch is part of the training, used the configuration in force and generated one node, "
    "which has the number of the epoch and all its metrics as direct properties.",
    boxes=(
        Box("metrics-0", "entity", "oTraining", 0, 0, "epoch 0, loss 0.9, valLoss 0.8"),
        Box("epoch-0", "activity", "EpochExecution", 1, 0),
        Box("config-0", "entity", "iTraining", 1, 1, "learningRate 0.001"),
        Box("training", "activity", "Training", 2, 1),
        Box("metrics-1", "entity", "oTraining", 0, 2, "epoch 1, loss 0.7, valLoss 0.72"),
        Box("epoch-1", "activity", "EpochExecution", 1, 2),
    ),
    arrows=(
        Arrow("metrics-0", "prov:wasGeneratedBy", "epoch-0"),
        Arrow("metrics-1", "prov:wasGeneratedBy", "epoch-1"),
        Arrow("epoch-0", "prov:used", "config-0"),
        Arrow("epoch-1", "prov:used", "config-0"),
        Arrow("training", "prov:used", "config-0"),
        Arrow("epoch-0", "partOfTraining", "training"),
        Arrow("epoch-1", "partOfTraining", "training"),
    ),
    pitch=(330, 105),
    margin=(155, 50, 60, 50),
)

ALL = (RUN, PLAN, METRICS, ADAPTATION, CONTENT)
