"""Who may do what: policies as IAM reads them, and what they come to for one request.

Data and rules: no I/O, no clock. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""
