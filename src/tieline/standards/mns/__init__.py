"""3GPP management services: naming, resources, patches, Jex filters, plans and notifications.

| Module | Standard |
|---|---|
| ``dn`` | TS 32.300 names, TS 32.158 clause 4.2.3 URIs |
| ``jex`` | TS 32.161 clause 7.6 conditions |
| ``scope`` | TS 32.158 clause 6.1 query parameters, clause 4.3 media types |
| ``resource`` | TS 32.158 clause 7 representations |
| ``pointer``, ``jsonpatch``, ``patch`` | RFC 6901, RFC 6902, RFC 7396, and their TS 32.158 variants |
| ``plans`` | TS 28.572 planned configurations |
| ``notifications``, ``subscriptions`` | TS 28.532 and TS 28.623 notifications and who receives them |
| ``errors`` | TS 28.623 error bodies, TS 28.572 ``ErrorDetail`` |
| ``profile`` | the extension classes between a utility and its operator |
"""
