"""What runs in a cluster only: the MLflow server, the migration of its database, and the check of a release."""
