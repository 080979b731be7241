"""rest_apis/authorizing: who may take a method, by whichever authorizer that has."""
