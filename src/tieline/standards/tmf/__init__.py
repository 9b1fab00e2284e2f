"""TM Forum open APIs: resources, events and errors as they go over the wire.

``change`` is TMF655 v4 (change management), ``announcements`` our two classes of change request after TMF630's rules
for extension, ``query`` what a list may be asked, ``errors`` the error body.
"""
