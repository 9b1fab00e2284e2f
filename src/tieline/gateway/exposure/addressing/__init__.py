"""Static addresses in bulk (TS 29.522 ``AddressingParamProvision``).

A provisioning is another way to write ``ipAddress`` of subscriptions, and no second place where addresses are kept:
what it shows is what it wrote and still holds, and deleting it unsets only that.
"""
