"""cloudformation: the API of CloudFormation, over what templates/ does; requests, records and jobs, no resource."""
