import mlflow

mlflow.set_experiment("harvest")
with mlflow.start_run(run_name="first"):
    mlflow.log_metric("apples", 12)
    mlflow.log_text("a good year", "notes.txt")
print(mlflow.artifacts.load_text(mlflow.last_active_run().info.artifact_uri + "/notes.txt"))
