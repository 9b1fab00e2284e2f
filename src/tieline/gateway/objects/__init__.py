"""The tree of managed objects of each utility, read and changed over ProvMnS (TS 28.532).

``classes`` says what there is and who may write it, ``policy`` what an operation does, ``store`` keeps it. Every
change, whoever makes it, goes through ``service``: it is logged, notified and ordered from the network in one
transaction.
"""
