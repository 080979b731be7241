"""Macros of templates: AWS::Serverless-2016-10-31 by aws-sam-translator, in a process of its own, kept by content."""
