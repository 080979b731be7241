"""templates: reads templates of SAM and CloudFormation, and makes there be what their stacks declare.

A template becomes resources that need one another; compared with what an earlier start made of them they become
changes, which are made by the operations of Lambda and of the services around it.
"""
