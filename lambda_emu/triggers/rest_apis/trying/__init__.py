"""TestInvokeMethod and TestInvokeAuthorizer: a method or an authorizer tried as it is now, deployed or not."""
