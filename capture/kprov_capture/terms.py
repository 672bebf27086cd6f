"""The terms of PROV-O and DNNProv as constants, and Keras's names for them.

Generated from ``ontology/dnnprov.ttl`` by ``make generate``: change the ontology,
not this file. ``METRICS`` maps the names of Keras's metrics to properties,
``SETTINGS`` those of hyperparameters, ``TYPES`` their types where they have one.
"""

DNNPROV_NAMESPACE = "https://w3id.org/dnnprov#"
PROV_NAMESPACE = "http://www.w3.org/ns/prov#"
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
RDFS_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
XSD_NAMESPACE = "http://www.w3.org/2001/XMLSchema#"
OWL_DATATYPE_PROPERTY = "http://www.w3.org/2002/07/owl#DatatypeProperty"
DCTERMS_CREATED = "http://purl.org/dc/terms/created"

# [[[cog
# from tools import vocabulary
# cog.outl(); cog.outl(vocabulary.lines()); cog.outl()
# ]]]

class Prov:
    """PROV-O."""

    Activity = "http://www.w3.org/ns/prov#Activity"
    Agent = "http://www.w3.org/ns/prov#Agent"
    Association = "http://www.w3.org/ns/prov#Association"
    Bundle = "http://www.w3.org/ns/prov#Bundle"
    Collection = "http://www.w3.org/ns/prov#Collection"
    Delegation = "http://www.w3.org/ns/prov#Delegation"
    Entity = "http://www.w3.org/ns/prov#Entity"
    Invalidation = "http://www.w3.org/ns/prov#Invalidation"
    Person = "http://www.w3.org/ns/prov#Person"
    Plan = "http://www.w3.org/ns/prov#Plan"
    Revision = "http://www.w3.org/ns/prov#Revision"
    SoftwareAgent = "http://www.w3.org/ns/prov#SoftwareAgent"
    actedOnBehalfOf = "http://www.w3.org/ns/prov#actedOnBehalfOf"
    activity = "http://www.w3.org/ns/prov#activity"
    agent = "http://www.w3.org/ns/prov#agent"
    atTime = "http://www.w3.org/ns/prov#atTime"
    endedAtTime = "http://www.w3.org/ns/prov#endedAtTime"
    generatedAtTime = "http://www.w3.org/ns/prov#generatedAtTime"
    hadActivity = "http://www.w3.org/ns/prov#hadActivity"
    hadMember = "http://www.w3.org/ns/prov#hadMember"
    hadPlan = "http://www.w3.org/ns/prov#hadPlan"
    invalidatedAtTime = "http://www.w3.org/ns/prov#invalidatedAtTime"
    qualifiedAssociation = "http://www.w3.org/ns/prov#qualifiedAssociation"
    qualifiedDelegation = "http://www.w3.org/ns/prov#qualifiedDelegation"
    qualifiedInvalidation = "http://www.w3.org/ns/prov#qualifiedInvalidation"
    specializationOf = "http://www.w3.org/ns/prov#specializationOf"
    startedAtTime = "http://www.w3.org/ns/prov#startedAtTime"
    used = "http://www.w3.org/ns/prov#used"
    wasAssociatedWith = "http://www.w3.org/ns/prov#wasAssociatedWith"
    wasAttributedTo = "http://www.w3.org/ns/prov#wasAttributedTo"
    wasDerivedFrom = "http://www.w3.org/ns/prov#wasDerivedFrom"
    wasEndedBy = "http://www.w3.org/ns/prov#wasEndedBy"
    wasGeneratedBy = "http://www.w3.org/ns/prov#wasGeneratedBy"
    wasInformedBy = "http://www.w3.org/ns/prov#wasInformedBy"
    wasInvalidatedBy = "http://www.w3.org/ns/prov#wasInvalidatedBy"
    wasRevisionOf = "http://www.w3.org/ns/prov#wasRevisionOf"


class Dnnprov:
    """DNNProv."""

    Accelerator = "https://w3id.org/dnnprov#Accelerator"
    Adaptation = "https://w3id.org/dnnprov#Adaptation"
    Attribute = "https://w3id.org/dnnprov#Attribute"
    AttributeValue = "https://w3id.org/dnnprov#AttributeValue"
    Callback = "https://w3id.org/dnnprov#Callback"
    Campaign = "https://w3id.org/dnnprov#Campaign"
    CaptureLibrary = "https://w3id.org/dnnprov#CaptureLibrary"
    Checkpoint = "https://w3id.org/dnnprov#Checkpoint"
    Content = "https://w3id.org/dnnprov#Content"
    DataArray = "https://w3id.org/dnnprov#DataArray"
    DataCollection = "https://w3id.org/dnnprov#DataCollection"
    DataDependency = "https://w3id.org/dnnprov#DataDependency"
    DataElement = "https://w3id.org/dnnprov#DataElement"
    DataSetSchema = "https://w3id.org/dnnprov#DataSetSchema"
    DataTransformation = "https://w3id.org/dnnprov#DataTransformation"
    Dataflow = "https://w3id.org/dnnprov#Dataflow"
    Dataset = "https://w3id.org/dnnprov#Dataset"
    DatasetSplit = "https://w3id.org/dnnprov#DatasetSplit"
    EarlyTermination = "https://w3id.org/dnnprov#EarlyTermination"
    Environment = "https://w3id.org/dnnprov#Environment"
    EpochExecution = "https://w3id.org/dnnprov#EpochExecution"
    ExecuteDataflow = "https://w3id.org/dnnprov#ExecuteDataflow"
    Execution = "https://w3id.org/dnnprov#Execution"
    Extractor = "https://w3id.org/dnnprov#Extractor"
    File = "https://w3id.org/dnnprov#File"
    FineTuning = "https://w3id.org/dnnprov#FineTuning"
    Hardware = "https://w3id.org/dnnprov#Hardware"
    HyperParameter = "https://w3id.org/dnnprov#HyperParameter"
    HyperParameterSetting = "https://w3id.org/dnnprov#HyperParameterSetting"
    Import = "https://w3id.org/dnnprov#Import"
    Inference = "https://w3id.org/dnnprov#Inference"
    Layer = "https://w3id.org/dnnprov#Layer"
    LoadData = "https://w3id.org/dnnprov#LoadData"
    LossTerm = "https://w3id.org/dnnprov#LossTerm"
    Machine = "https://w3id.org/dnnprov#Machine"
    Metric = "https://w3id.org/dnnprov#Metric"
    MetricSeries = "https://w3id.org/dnnprov#MetricSeries"
    MetricSummary = "https://w3id.org/dnnprov#MetricSummary"
    MetricValue = "https://w3id.org/dnnprov#MetricValue"
    Model = "https://w3id.org/dnnprov#Model"
    ModelArchitecture = "https://w3id.org/dnnprov#ModelArchitecture"
    ModelExport = "https://w3id.org/dnnprov#ModelExport"
    ModelRestoration = "https://w3id.org/dnnprov#ModelRestoration"
    Optimizer = "https://w3id.org/dnnprov#Optimizer"
    Prediction = "https://w3id.org/dnnprov#Prediction"
    Preprocessing = "https://w3id.org/dnnprov#Preprocessing"
    Program = "https://w3id.org/dnnprov#Program"
    RecordValidation = "https://w3id.org/dnnprov#RecordValidation"
    Removal = "https://w3id.org/dnnprov#Removal"
    RuleAdaptation = "https://w3id.org/dnnprov#RuleAdaptation"
    RunSummary = "https://w3id.org/dnnprov#RunSummary"
    ScheduledAdaptation = "https://w3id.org/dnnprov#ScheduledAdaptation"
    Scientist = "https://w3id.org/dnnprov#Scientist"
    SoftwarePackage = "https://w3id.org/dnnprov#SoftwarePackage"
    SourceCode = "https://w3id.org/dnnprov#SourceCode"
    SplitData = "https://w3id.org/dnnprov#SplitData"
    StopSignal = "https://w3id.org/dnnprov#StopSignal"
    TestSet = "https://w3id.org/dnnprov#TestSet"
    Testing = "https://w3id.org/dnnprov#Testing"
    TrainSet = "https://w3id.org/dnnprov#TrainSet"
    TrainedModel = "https://w3id.org/dnnprov#TrainedModel"
    Training = "https://w3id.org/dnnprov#Training"
    Undeclared = "https://w3id.org/dnnprov#Undeclared"
    UserAttribute = "https://w3id.org/dnnprov#UserAttribute"
    UserIntervention = "https://w3id.org/dnnprov#UserIntervention"
    ValSet = "https://w3id.org/dnnprov#ValSet"
    Validation = "https://w3id.org/dnnprov#Validation"
    ValidationReport = "https://w3id.org/dnnprov#ValidationReport"
    WeightArray = "https://w3id.org/dnnprov#WeightArray"
    acc = "https://w3id.org/dnnprov#acc"
    accuracy = "https://w3id.org/dnnprov#accuracy"
    activation = "https://w3id.org/dnnprov#activation"
    adaptedProperty = "https://w3id.org/dnnprov#adaptedProperty"
    adapts = "https://w3id.org/dnnprov#adapts"
    amsgrad = "https://w3id.org/dnnprov#amsgrad"
    appliedFilter = "https://w3id.org/dnnprov#appliedFilter"
    auc = "https://w3id.org/dnnprov#auc"
    backend = "https://w3id.org/dnnprov#backend"
    batchCount = "https://w3id.org/dnnprov#batchCount"
    batchSize = "https://w3id.org/dnnprov#batchSize"
    bestValue = "https://w3id.org/dnnprov#bestValue"
    beta1 = "https://w3id.org/dnnprov#beta1"
    beta2 = "https://w3id.org/dnnprov#beta2"
    beta3 = "https://w3id.org/dnnprov#beta3"
    binaryAccuracy = "https://w3id.org/dnnprov#binaryAccuracy"
    binaryCrossentropy = "https://w3id.org/dnnprov#binaryCrossentropy"
    byteSize = "https://w3id.org/dnnprov#byteSize"
    callbackConfig = "https://w3id.org/dnnprov#callbackConfig"
    categoricalAccuracy = "https://w3id.org/dnnprov#categoricalAccuracy"
    categoricalCrossentropy = "https://w3id.org/dnnprov#categoricalCrossentropy"
    centered = "https://w3id.org/dnnprov#centered"
    classWeight = "https://w3id.org/dnnprov#classWeight"
    clipnorm = "https://w3id.org/dnnprov#clipnorm"
    clipvalue = "https://w3id.org/dnnprov#clipvalue"
    commandLine = "https://w3id.org/dnnprov#commandLine"
    computingResource = "https://w3id.org/dnnprov#computingResource"
    conforms = "https://w3id.org/dnnprov#conforms"
    containerImage = "https://w3id.org/dnnprov#containerImage"
    coreCount = "https://w3id.org/dnnprov#coreCount"
    cosineSimilarity = "https://w3id.org/dnnprov#cosineSimilarity"
    dataType = "https://w3id.org/dnnprov#dataType"
    decay = "https://w3id.org/dnnprov#decay"
    dropoutRate = "https://w3id.org/dnnprov#dropoutRate"
    elapsedTime = "https://w3id.org/dnnprov#elapsedTime"
    elementSpecification = "https://w3id.org/dnnprov#elementSpecification"
    elementType = "https://w3id.org/dnnprov#elementType"
    emaMomentum = "https://w3id.org/dnnprov#emaMomentum"
    emaOverwriteFrequency = "https://w3id.org/dnnprov#emaOverwriteFrequency"
    epoch = "https://w3id.org/dnnprov#epoch"
    epochCount = "https://w3id.org/dnnprov#epochCount"
    epsilon = "https://w3id.org/dnnprov#epsilon"
    error = "https://w3id.org/dnnprov#error"
    evidenceQuery = "https://w3id.org/dnnprov#evidenceQuery"
    execTag = "https://w3id.org/dnnprov#execTag"
    f1Score = "https://w3id.org/dnnprov#f1Score"
    factor = "https://w3id.org/dnnprov#factor"
    falseNegatives = "https://w3id.org/dnnprov#falseNegatives"
    falsePositives = "https://w3id.org/dnnprov#falsePositives"
    fileFormat = "https://w3id.org/dnnprov#fileFormat"
    filterConfig = "https://w3id.org/dnnprov#filterConfig"
    fineTunedFrom = "https://w3id.org/dnnprov#fineTunedFrom"
    gitCommit = "https://w3id.org/dnnprov#gitCommit"
    gitDirty = "https://w3id.org/dnnprov#gitDirty"
    globalClipnorm = "https://w3id.org/dnnprov#globalClipnorm"
    gradientAccumulationSteps = "https://w3id.org/dnnprov#gradientAccumulationSteps"
    hasArchitecture = "https://w3id.org/dnnprov#hasArchitecture"
    hasAttribute = "https://w3id.org/dnnprov#hasAttribute"
    hasAttributeValue = "https://w3id.org/dnnprov#hasAttributeValue"
    hasDependency = "https://w3id.org/dnnprov#hasDependency"
    hasExtractor = "https://w3id.org/dnnprov#hasExtractor"
    hasInputSet = "https://w3id.org/dnnprov#hasInputSet"
    hasLayer = "https://w3id.org/dnnprov#hasLayer"
    hasLossTerm = "https://w3id.org/dnnprov#hasLossTerm"
    hasMetricValue = "https://w3id.org/dnnprov#hasMetricValue"
    hasOptimizer = "https://w3id.org/dnnprov#hasOptimizer"
    hasOutputSet = "https://w3id.org/dnnprov#hasOutputSet"
    hasSetting = "https://w3id.org/dnnprov#hasSetting"
    hasTransformation = "https://w3id.org/dnnprov#hasTransformation"
    hasWeights = "https://w3id.org/dnnprov#hasWeights"
    hinge = "https://w3id.org/dnnprov#hinge"
    iAdaptation = "https://w3id.org/dnnprov#iAdaptation"
    iTesting = "https://w3id.org/dnnprov#iTesting"
    iTraining = "https://w3id.org/dnnprov#iTraining"
    inboundLayer = "https://w3id.org/dnnprov#inboundLayer"
    incompleteReason = "https://w3id.org/dnnprov#incompleteReason"
    initialAccumulatorValue = "https://w3id.org/dnnprov#initialAccumulatorValue"
    initialEpoch = "https://w3id.org/dnnprov#initialEpoch"
    jitCompile = "https://w3id.org/dnnprov#jitCompile"
    klDivergence = "https://w3id.org/dnnprov#klDivergence"
    last = "https://w3id.org/dnnprov#last"
    layerConfig = "https://w3id.org/dnnprov#layerConfig"
    layerName = "https://w3id.org/dnnprov#layerName"
    layerType = "https://w3id.org/dnnprov#layerType"
    learningRate = "https://w3id.org/dnnprov#learningRate"
    learningRateSchedule = "https://w3id.org/dnnprov#learningRateSchedule"
    logCosh = "https://w3id.org/dnnprov#logCosh"
    loss = "https://w3id.org/dnnprov#loss"
    lossConfiguration = "https://w3id.org/dnnprov#lossConfiguration"
    lossFunction = "https://w3id.org/dnnprov#lossFunction"
    lossScaleFactor = "https://w3id.org/dnnprov#lossScaleFactor"
    lossWeights = "https://w3id.org/dnnprov#lossWeights"
    mae = "https://w3id.org/dnnprov#mae"
    maximum = "https://w3id.org/dnnprov#maximum"
    maximumEpoch = "https://w3id.org/dnnprov#maximumEpoch"
    mean = "https://w3id.org/dnnprov#mean"
    meanAbsoluteError = "https://w3id.org/dnnprov#meanAbsoluteError"
    meanAbsolutePercentageError = "https://w3id.org/dnnprov#meanAbsolutePercentageError"
    meanEpochTime = "https://w3id.org/dnnprov#meanEpochTime"
    meanIoU = "https://w3id.org/dnnprov#meanIoU"
    meanSquaredError = "https://w3id.org/dnnprov#meanSquaredError"
    meanSquaredLogarithmicError = "https://w3id.org/dnnprov#meanSquaredLogarithmicError"
    memorySize = "https://w3id.org/dnnprov#memorySize"
    metricValue = "https://w3id.org/dnnprov#metricValue"
    minimum = "https://w3id.org/dnnprov#minimum"
    minimumEpoch = "https://w3id.org/dnnprov#minimumEpoch"
    momentum = "https://w3id.org/dnnprov#momentum"
    monitoredMetric = "https://w3id.org/dnnprov#monitoredMetric"
    mse = "https://w3id.org/dnnprov#mse"
    nesterov = "https://w3id.org/dnnprov#nesterov"
    newValue = "https://w3id.org/dnnprov#newValue"
    nextTransformation = "https://w3id.org/dnnprov#nextTransformation"
    numEpochs = "https://w3id.org/dnnprov#numEpochs"
    numLayers = "https://w3id.org/dnnprov#numLayers"
    oAdaptation = "https://w3id.org/dnnprov#oAdaptation"
    oPrediction = "https://w3id.org/dnnprov#oPrediction"
    oTesting = "https://w3id.org/dnnprov#oTesting"
    oTraining = "https://w3id.org/dnnprov#oTraining"
    oValidation = "https://w3id.org/dnnprov#oValidation"
    ofAttribute = "https://w3id.org/dnnprov#ofAttribute"
    ofMetric = "https://w3id.org/dnnprov#ofMetric"
    ofSet = "https://w3id.org/dnnprov#ofSet"
    ofTransformation = "https://w3id.org/dnnprov#ofTransformation"
    oldValue = "https://w3id.org/dnnprov#oldValue"
    operatingSystem = "https://w3id.org/dnnprov#operatingSystem"
    optimizerName = "https://w3id.org/dnnprov#optimizerName"
    optimizerWrapper = "https://w3id.org/dnnprov#optimizerWrapper"
    outputMessage = "https://w3id.org/dnnprov#outputMessage"
    outputShape = "https://w3id.org/dnnprov#outputShape"
    packageName = "https://w3id.org/dnnprov#packageName"
    packageVersion = "https://w3id.org/dnnprov#packageVersion"
    parameterCount = "https://w3id.org/dnnprov#parameterCount"
    partOfCampaign = "https://w3id.org/dnnprov#partOfCampaign"
    partOfExecution = "https://w3id.org/dnnprov#partOfExecution"
    partOfTraining = "https://w3id.org/dnnprov#partOfTraining"
    path = "https://w3id.org/dnnprov#path"
    patience = "https://w3id.org/dnnprov#patience"
    poisson = "https://w3id.org/dnnprov#poisson"
    position = "https://w3id.org/dnnprov#position"
    precision = "https://w3id.org/dnnprov#precision"
    previousTransformation = "https://w3id.org/dnnprov#previousTransformation"
    processor = "https://w3id.org/dnnprov#processor"
    pythonVersion = "https://w3id.org/dnnprov#pythonVersion"
    r2Score = "https://w3id.org/dnnprov#r2Score"
    ranCode = "https://w3id.org/dnnprov#ranCode"
    ranIn = "https://w3id.org/dnnprov#ranIn"
    ranOn = "https://w3id.org/dnnprov#ranOn"
    reason = "https://w3id.org/dnnprov#reason"
    recall = "https://w3id.org/dnnprov#recall"
    repair = "https://w3id.org/dnnprov#repair"
    reportedName = "https://w3id.org/dnnprov#reportedName"
    requirements = "https://w3id.org/dnnprov#requirements"
    restoredFrom = "https://w3id.org/dnnprov#restoredFrom"
    resumedFrom = "https://w3id.org/dnnprov#resumedFrom"
    rho = "https://w3id.org/dnnprov#rho"
    rootMeanSquaredError = "https://w3id.org/dnnprov#rootMeanSquaredError"
    ruleSet = "https://w3id.org/dnnprov#ruleSet"
    sampleCount = "https://w3id.org/dnnprov#sampleCount"
    samplingInterval = "https://w3id.org/dnnprov#samplingInterval"
    seed = "https://w3id.org/dnnprov#seed"
    setting = "https://w3id.org/dnnprov#setting"
    sha256 = "https://w3id.org/dnnprov#sha256"
    shape = "https://w3id.org/dnnprov#shape"
    shuffle = "https://w3id.org/dnnprov#shuffle"
    sourceType = "https://w3id.org/dnnprov#sourceType"
    sparseCategoricalAccuracy = "https://w3id.org/dnnprov#sparseCategoricalAccuracy"
    sparseCategoricalCrossentropy = "https://w3id.org/dnnprov#sparseCategoricalCrossentropy"
    sparseTopKCategoricalAccuracy = "https://w3id.org/dnnprov#sparseTopKCategoricalAccuracy"
    splitFraction = "https://w3id.org/dnnprov#splitFraction"
    splitOf = "https://w3id.org/dnnprov#splitOf"
    status = "https://w3id.org/dnnprov#status"
    step = "https://w3id.org/dnnprov#step"
    stepsPerEpoch = "https://w3id.org/dnnprov#stepsPerEpoch"
    stepsPerExecution = "https://w3id.org/dnnprov#stepsPerExecution"
    subtaskIdentifier = "https://w3id.org/dnnprov#subtaskIdentifier"
    tag = "https://w3id.org/dnnprov#tag"
    taskIdentifier = "https://w3id.org/dnnprov#taskIdentifier"
    technique = "https://w3id.org/dnnprov#technique"
    terminates = "https://w3id.org/dnnprov#terminates"
    testedOn = "https://w3id.org/dnnprov#testedOn"
    tests = "https://w3id.org/dnnprov#tests"
    topKCategoricalAccuracy = "https://w3id.org/dnnprov#topKCategoricalAccuracy"
    trainable = "https://w3id.org/dnnprov#trainable"
    trainableParameterCount = "https://w3id.org/dnnprov#trainableParameterCount"
    trainedOn = "https://w3id.org/dnnprov#trainedOn"
    trueNegatives = "https://w3id.org/dnnprov#trueNegatives"
    truePositives = "https://w3id.org/dnnprov#truePositives"
    unhashedReason = "https://w3id.org/dnnprov#unhashedReason"
    unit = "https://w3id.org/dnnprov#unit"
    useEma = "https://w3id.org/dnnprov#useEma"
    usesCallback = "https://w3id.org/dnnprov#usesCallback"
    usesProgram = "https://w3id.org/dnnprov#usesProgram"
    valAcc = "https://w3id.org/dnnprov#valAcc"
    valAccuracy = "https://w3id.org/dnnprov#valAccuracy"
    valAuc = "https://w3id.org/dnnprov#valAuc"
    valBinaryAccuracy = "https://w3id.org/dnnprov#valBinaryAccuracy"
    valBinaryCrossentropy = "https://w3id.org/dnnprov#valBinaryCrossentropy"
    valCategoricalAccuracy = "https://w3id.org/dnnprov#valCategoricalAccuracy"
    valCategoricalCrossentropy = "https://w3id.org/dnnprov#valCategoricalCrossentropy"
    valCosineSimilarity = "https://w3id.org/dnnprov#valCosineSimilarity"
    valF1Score = "https://w3id.org/dnnprov#valF1Score"
    valFalseNegatives = "https://w3id.org/dnnprov#valFalseNegatives"
    valFalsePositives = "https://w3id.org/dnnprov#valFalsePositives"
    valHinge = "https://w3id.org/dnnprov#valHinge"
    valKlDivergence = "https://w3id.org/dnnprov#valKlDivergence"
    valLogCosh = "https://w3id.org/dnnprov#valLogCosh"
    valLoss = "https://w3id.org/dnnprov#valLoss"
    valMae = "https://w3id.org/dnnprov#valMae"
    valMeanAbsoluteError = "https://w3id.org/dnnprov#valMeanAbsoluteError"
    valMeanAbsolutePercentageError = "https://w3id.org/dnnprov#valMeanAbsolutePercentageError"
    valMeanIoU = "https://w3id.org/dnnprov#valMeanIoU"
    valMeanSquaredError = "https://w3id.org/dnnprov#valMeanSquaredError"
    valMeanSquaredLogarithmicError = "https://w3id.org/dnnprov#valMeanSquaredLogarithmicError"
    valMse = "https://w3id.org/dnnprov#valMse"
    valPoisson = "https://w3id.org/dnnprov#valPoisson"
    valPrecision = "https://w3id.org/dnnprov#valPrecision"
    valR2Score = "https://w3id.org/dnnprov#valR2Score"
    valRecall = "https://w3id.org/dnnprov#valRecall"
    valRootMeanSquaredError = "https://w3id.org/dnnprov#valRootMeanSquaredError"
    valSparseCategoricalAccuracy = "https://w3id.org/dnnprov#valSparseCategoricalAccuracy"
    valSparseCategoricalCrossentropy = "https://w3id.org/dnnprov#valSparseCategoricalCrossentropy"
    valSparseTopKCategoricalAccuracy = "https://w3id.org/dnnprov#valSparseTopKCategoricalAccuracy"
    valTopKCategoricalAccuracy = "https://w3id.org/dnnprov#valTopKCategoricalAccuracy"
    valTrueNegatives = "https://w3id.org/dnnprov#valTrueNegatives"
    valTruePositives = "https://w3id.org/dnnprov#valTruePositives"
    validatedOn = "https://w3id.org/dnnprov#validatedOn"
    validationBatchSize = "https://w3id.org/dnnprov#validationBatchSize"
    validationFreq = "https://w3id.org/dnnprov#validationFreq"
    validationSplit = "https://w3id.org/dnnprov#validationSplit"
    validationSteps = "https://w3id.org/dnnprov#validationSteps"
    value = "https://w3id.org/dnnprov#value"
    valueCount = "https://w3id.org/dnnprov#valueCount"
    viaSet = "https://w3id.org/dnnprov#viaSet"
    violationCount = "https://w3id.org/dnnprov#violationCount"
    warningCount = "https://w3id.org/dnnprov#warningCount"
    weightDecay = "https://w3id.org/dnnprov#weightDecay"
    workerCount = "https://w3id.org/dnnprov#workerCount"
    workerRank = "https://w3id.org/dnnprov#workerRank"
    workspace = "https://w3id.org/dnnprov#workspace"


METRICS: dict[str, str] = {
    "acc": Dnnprov.acc,
    "accuracy": Dnnprov.accuracy,
    "auc": Dnnprov.auc,
    "binary_accuracy": Dnnprov.binaryAccuracy,
    "binary_crossentropy": Dnnprov.binaryCrossentropy,
    "categorical_accuracy": Dnnprov.categoricalAccuracy,
    "categorical_crossentropy": Dnnprov.categoricalCrossentropy,
    "cosine_similarity": Dnnprov.cosineSimilarity,
    "f1_score": Dnnprov.f1Score,
    "false_negatives": Dnnprov.falseNegatives,
    "false_positives": Dnnprov.falsePositives,
    "hinge": Dnnprov.hinge,
    "kl_divergence": Dnnprov.klDivergence,
    "log_cosh": Dnnprov.logCosh,
    "loss": Dnnprov.loss,
    "mae": Dnnprov.mae,
    "mean_absolute_error": Dnnprov.meanAbsoluteError,
    "mean_absolute_percentage_error": Dnnprov.meanAbsolutePercentageError,
    "mean_io_u": Dnnprov.meanIoU,
    "mean_squared_error": Dnnprov.meanSquaredError,
    "mean_squared_logarithmic_error": Dnnprov.meanSquaredLogarithmicError,
    "mse": Dnnprov.mse,
    "poisson": Dnnprov.poisson,
    "precision": Dnnprov.precision,
    "r2_score": Dnnprov.r2Score,
    "recall": Dnnprov.recall,
    "root_mean_squared_error": Dnnprov.rootMeanSquaredError,
    "sparse_categorical_accuracy": Dnnprov.sparseCategoricalAccuracy,
    "sparse_categorical_crossentropy": Dnnprov.sparseCategoricalCrossentropy,
    "sparse_top_k_categorical_accuracy": Dnnprov.sparseTopKCategoricalAccuracy,
    "top_k_categorical_accuracy": Dnnprov.topKCategoricalAccuracy,
    "true_negatives": Dnnprov.trueNegatives,
    "true_positives": Dnnprov.truePositives,
    "val_acc": Dnnprov.valAcc,
    "val_accuracy": Dnnprov.valAccuracy,
    "val_auc": Dnnprov.valAuc,
    "val_binary_accuracy": Dnnprov.valBinaryAccuracy,
    "val_binary_crossentropy": Dnnprov.valBinaryCrossentropy,
    "val_categorical_accuracy": Dnnprov.valCategoricalAccuracy,
    "val_categorical_crossentropy": Dnnprov.valCategoricalCrossentropy,
    "val_cosine_similarity": Dnnprov.valCosineSimilarity,
    "val_f1_score": Dnnprov.valF1Score,
    "val_false_negatives": Dnnprov.valFalseNegatives,
    "val_false_positives": Dnnprov.valFalsePositives,
    "val_hinge": Dnnprov.valHinge,
    "val_kl_divergence": Dnnprov.valKlDivergence,
    "val_log_cosh": Dnnprov.valLogCosh,
    "val_loss": Dnnprov.valLoss,
    "val_mae": Dnnprov.valMae,
    "val_mean_absolute_error": Dnnprov.valMeanAbsoluteError,
    "val_mean_absolute_percentage_error": Dnnprov.valMeanAbsolutePercentageError,
    "val_mean_io_u": Dnnprov.valMeanIoU,
    "val_mean_squared_error": Dnnprov.valMeanSquaredError,
    "val_mean_squared_logarithmic_error": Dnnprov.valMeanSquaredLogarithmicError,
    "val_mse": Dnnprov.valMse,
    "val_poisson": Dnnprov.valPoisson,
    "val_precision": Dnnprov.valPrecision,
    "val_r2_score": Dnnprov.valR2Score,
    "val_recall": Dnnprov.valRecall,
    "val_root_mean_squared_error": Dnnprov.valRootMeanSquaredError,
    "val_sparse_categorical_accuracy": Dnnprov.valSparseCategoricalAccuracy,
    "val_sparse_categorical_crossentropy": Dnnprov.valSparseCategoricalCrossentropy,
    "val_sparse_top_k_categorical_accuracy": Dnnprov.valSparseTopKCategoricalAccuracy,
    "val_top_k_categorical_accuracy": Dnnprov.valTopKCategoricalAccuracy,
    "val_true_negatives": Dnnprov.valTrueNegatives,
    "val_true_positives": Dnnprov.valTruePositives,
}


SETTINGS: dict[str, str] = {
    "amsgrad": Dnnprov.amsgrad,
    "batch_size": Dnnprov.batchSize,
    "beta_1": Dnnprov.beta1,
    "beta_2": Dnnprov.beta2,
    "beta_3": Dnnprov.beta3,
    "centered": Dnnprov.centered,
    "class_weight": Dnnprov.classWeight,
    "clipnorm": Dnnprov.clipnorm,
    "clipvalue": Dnnprov.clipvalue,
    "decay": Dnnprov.decay,
    "ema_momentum": Dnnprov.emaMomentum,
    "ema_overwrite_frequency": Dnnprov.emaOverwriteFrequency,
    "epochs": Dnnprov.numEpochs,
    "epsilon": Dnnprov.epsilon,
    "global_clipnorm": Dnnprov.globalClipnorm,
    "gradient_accumulation_steps": Dnnprov.gradientAccumulationSteps,
    "initial_accumulator_value": Dnnprov.initialAccumulatorValue,
    "initial_epoch": Dnnprov.initialEpoch,
    "jit_compile": Dnnprov.jitCompile,
    "learning_rate": Dnnprov.learningRate,
    "learning_rate_schedule": Dnnprov.learningRateSchedule,
    "loss": Dnnprov.lossFunction,
    "loss_config": Dnnprov.lossConfiguration,
    "loss_scale_factor": Dnnprov.lossScaleFactor,
    "loss_weights": Dnnprov.lossWeights,
    "momentum": Dnnprov.momentum,
    "nesterov": Dnnprov.nesterov,
    "num_layers": Dnnprov.numLayers,
    "optimizer_name": Dnnprov.optimizerName,
    "optimizer_wrapper": Dnnprov.optimizerWrapper,
    "rho": Dnnprov.rho,
    "seed": Dnnprov.seed,
    "shuffle": Dnnprov.shuffle,
    "steps_per_epoch": Dnnprov.stepsPerEpoch,
    "steps_per_execution": Dnnprov.stepsPerExecution,
    "use_ema": Dnnprov.useEma,
    "validation_batch_size": Dnnprov.validationBatchSize,
    "validation_freq": Dnnprov.validationFreq,
    "validation_split": Dnnprov.validationSplit,
    "validation_steps": Dnnprov.validationSteps,
    "weight_decay": Dnnprov.weightDecay,
}


TYPES: dict[str, type] = {
    "amsgrad": bool,
    "batch_size": int,
    "beta_1": float,
    "beta_2": float,
    "beta_3": float,
    "centered": bool,
    "class_weight": str,
    "clipnorm": float,
    "clipvalue": float,
    "decay": float,
    "ema_momentum": float,
    "ema_overwrite_frequency": int,
    "epochs": int,
    "epsilon": float,
    "global_clipnorm": float,
    "gradient_accumulation_steps": int,
    "initial_accumulator_value": float,
    "initial_epoch": int,
    "learning_rate": float,
    "learning_rate_schedule": str,
    "loss": str,
    "loss_config": str,
    "loss_scale_factor": float,
    "loss_weights": str,
    "momentum": float,
    "nesterov": bool,
    "num_layers": int,
    "optimizer_name": str,
    "optimizer_wrapper": str,
    "rho": float,
    "seed": int,
    "steps_per_epoch": int,
    "steps_per_execution": int,
    "use_ema": bool,
    "validation_batch_size": int,
    "validation_split": float,
    "validation_steps": int,
    "weight_decay": float,
}

# [[[end]]]
