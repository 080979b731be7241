"""The operations of CloudFormation, a file a family: plain functions from checked members to a result."""
