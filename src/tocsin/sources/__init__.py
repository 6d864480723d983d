"""Sources: what reads a hospital's or a trial's files into a timeline, one format a module.

csv   CSV files and Excel workbooks, long or wide
"""
