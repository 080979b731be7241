"""What every error is made of, and the errors that several rooms raise. The others stand beside their rule.

LambdaError                 base.py: code, status, text key, Type; each class builds its own text from values
├── InvalidParameter        400, base.py: a business rule says no; most of the model's refusals
├── request.py              400, 404, 413, 431: what is wrong with the request itself
├── code.py                 400 InvalidParameter: what is wrong with code that was sent
├── resources.py            403 AccessDenied, 404 NotFound, 409 Conflict, 412: what the request names
└── service.py              429, 500, 501, 503, 507: the service cannot take or finish it now

docs/contract/api.md#errors (status, text key, Type), #texts and #what-is-not-there.
"""
