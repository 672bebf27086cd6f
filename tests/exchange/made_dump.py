"""A dump of a later version of Keras-Prov: two trials in one task, and a step of the user's."""

PUBLIC = """
START TRANSACTION;
SET SCHEMA "public";
CREATE TABLE "public"."dataflow" ("id" INTEGER NOT NULL, "tag" VARCHAR(50) NOT NULL,
  CONSTRAINT "dataflow_id_pkey" PRIMARY KEY ("id"));
COPY 1 RECORDS INTO "public"."dataflow" FROM stdin USING DELIMITERS '|','\\n','"';
1|"densenet"
CREATE TABLE "public"."data_transformation" ("id" INTEGER, "df_id" INTEGER, "tag" VARCHAR(50));
INSERT INTO "public"."data_transformation" VALUES (1, 1, 'filters'), (2, 1, 'trainingmodel'),
  (3, 1, 'adaptation'), (4, 1, 'testingmodel');
CREATE TABLE "public"."data_set" ("id" INTEGER, "df_id" INTEGER, "tag" VARCHAR(50));
INSERT INTO data_set (tag, id, df_id) VALUES ('ifilters', 1, 1), ('ofilters', 2, 1),
  ('ilayers', 3, 1), ('itrainingmodel', 4, 1), ('otrainingmodel', 5, 1), ('otestingmodel', 7, 1);
CREATE TABLE data_dependency (id INT, previous_dt_id INT, next_dt_id INT, ds_id INT);
INSERT INTO data_dependency VALUES (1, NULL, 1, 1), (2, 1, 2, 2), (3, NULL, 2, 4), (4, 2, 3, 5);
CREATE TABLE attribute (id INT, ds_id INT, extractor_id INT, name VARCHAR(30), type VARCHAR(15));
INSERT INTO attribute VALUES (1, 1, NULL, 'dataset_name', 'TEXT'),
  (2, 2, NULL, 'FILTER_NAME', 'TEXT'), (3, 2, NULL, 'k', 'NUMERIC');
CREATE TABLE task (id INT, identifier INT, df_version INT, df_exec VARCHAR(50), dt_id INT,
  status VARCHAR(10), workspace VARCHAR(500));
INSERT INTO task VALUES (1, 4, 1, 'densenet 2020-11-09', 1, 'FINISHED', 'null'),
  (2, 1, 1, 'densenet 2020-11-09', 2, 'RUNNING', 'null');
CREATE TABLE file (id INT, task_id INT, name VARCHAR(200), path VARCHAR(500));
INSERT INTO file VALUES (1, 1, 'flowers.npz', '/data');
CREATE TABLE hardware_info (id INT, gpus VARCHAR(50));
INSERT INTO hardware_info VALUES (1, 'it''s a "T4"');
create function insertfile (vid integer) returns integer begin
  declare vv integer; if(vv is null) then select 1 into vv; end if;
  update file set name = case when vid = 1 then 'a;b' else 'c' end; return vid; end;
COMMIT;
"""
TRIALS = """
SET SCHEMA "densenet";
-- the two trials have one task, as in what Keras-Prov writes
CREATE TABLE "densenet"."ds_ifilters" ("id" INTEGER, "filters_task_id" INTEGER,
  "timestamp" VARCHAR(500), "dataset_name" VARCHAR(500));
COPY 2 RECORDS INTO "densenet"."ds_ifilters" FROM stdin USING DELIMITERS '|','\\n','"';
1|1|"1000.5"|"flowers \\"17\\""
2|1|"1999.5"|"flow|ers"
CREATE TABLE "densenet"."ds_ofilters" (id INTEGER, filters_task_id INTEGER,
  trainingmodel_task_id INTEGER, filter_name VARCHAR(500), k DOUBLE, "timestamp" VARCHAR(500));
COPY 1 RECORDS INTO "densenet"."ds_ofilters" FROM stdin USING DELIMITERS '|','\\n','"';
1|1|2|"resize"| 24|"1000.7"
CREATE TABLE "densenet"."ds_ilayers" (id INTEGER, trainingmodel_task_id INTEGER,
  "timestamp" VARCHAR(500), "name" VARCHAR(500), attribute_type VARCHAR(500), value VARCHAR(500));
INSERT INTO ds_ilayers VALUES (1, 2, '1001.0', 'activation_1', 'activation', 'relu'),
  (2, 2, '1001.0', 'dropout_1', 'dropout', '0.5'),
  (3, 2, '2000.0', 'activation_1', 'activation', 'softplus');
CREATE TABLE "densenet"."ds_itrainingmodel" (id INTEGER, trainingmodel_task_id INTEGER,
  "timestamp" VARCHAR(500), optimizer_name VARCHAR(500), learning_rate DOUBLE, num_epochs DOUBLE,
  k VARCHAR(500));
INSERT INTO ds_itrainingmodel VALUES (1, 2, '1001.0', 'Adam', 0.0010000000474974513, 2, '24'),
  (2, 2, '2000.0', 'SGD', 0.1, 5, 'null');
CREATE TABLE "densenet"."ds_otrainingmodel" (id INTEGER, trainingmodel_task_id INTEGER,
  adaptation_task_id INTEGER, "timestamp" VARCHAR(500), elapsed_time VARCHAR(500), loss DOUBLE,
  r2 DOUBLE, epoch DOUBLE);
COPY 4 RECORDS INTO "densenet"."ds_otrainingmodel" FROM stdin USING DELIMITERS '|','\\n','"';
1|2|NULL|"1011.0"|"9.5"|0.5|0.1|0
2|2|NULL|"1021.25"|"10.25"|-9999999|0.2|1
3|2|3|"2010.0"|"10"| 0.25| 0.3|0
4|2|3|"2020.0"|"10"| 0.125|NULL|1
CREATE TABLE "densenet"."ds_oadaptation" (id INTEGER, adaptation_task_id INTEGER,
  new_lrate DOUBLE, "timestamp" VARCHAR(500), epoch_id DOUBLE, adaptation_id DOUBLE);
INSERT INTO ds_oadaptation VALUES (1, 3, 0.001, '1001.5', 0, 1), (2, 3, 0.05, '2010.5', 1, 1);
CREATE TABLE "densenet"."ds_otestingmodel" (id INTEGER, testingmodel_task_id INTEGER,
  otest_timestamp VARCHAR(500), otest_loss DOUBLE, otest_accuracy DOUBLE);
INSERT INTO ds_otestingmodel VALUES (1, 4, '1030.0', 0.75, 0.5);
create view "densenet"."ilayers" as select name from ds_ilayers;
"""
