from prefect import flow, task


@task
def pick():
    return 12


@flow(log_prints=True)
def harvest():
    print(f"{pick()} apples")


harvest()
