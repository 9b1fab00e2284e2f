"""Word of a SIM that is used with another device (TS 29.122 ``MonitoringEvent``, CHANGE_OF_IMSI_IMEI_ASSOCIATION).

Whoever changes the ``imei`` of a subscription in the tree brings it about: ``service.note`` is called in the
transaction of that change, and what is to be told is sent in the background until it is taken.
"""
