"""What an operator exposes over the 3GPP northbound APIs (TS 29.122, TS 29.522), beside the tree of managed objects.

``groups``: 5G LAN groups. ``addressing``: static addresses in bulk. ``monitoring``: word of a SIM in another device.
A request is taken and acknowledged, and carried out in the background, a few subscribers at a time. Where the tree
shows the same fact there is one place where it is kept: membership of a group is written here and shown in the tree,
read-only, as ``lanGroups``; a static address *is* the subscription's ``ipAddress``, whichever way it was written.
"""
