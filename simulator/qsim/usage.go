package main

// Flags that are many and that few need stand under headings of their own.
const (
	logGroup = "Flags for a log"
	csvGroup = "Flags for a log that is a CSV file"
)
