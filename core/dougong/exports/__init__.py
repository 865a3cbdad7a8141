"""What a list shows, as a file: CSV or a workbook, as far as whoever asks may take it out, every time written down.

`columns` says what stands in a cell, `csv_file` and `workbook` write the two kinds of file, `services` makes one and
`log` remembers who did.
"""
