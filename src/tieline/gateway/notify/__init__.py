"""Notifications (TS 28.532) to those who subscribed (``NtfSubscriptionControl``, TS 28.623), and heartbeats.

What is to be told is written in the transaction of the change and sent afterwards until it was taken: in order, in
batches, over restarts of either side. A notification may come twice, with the same ``notificationId``; none is lost.
"""
