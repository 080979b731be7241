"""What requests of each service ask for: actions, resources and condition keys.

From the Service Authorization Reference, https://docs.aws.amazon.com/service-authorization/latest/reference/.
"""
