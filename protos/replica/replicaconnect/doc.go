// Package replicaconnect has the clients and handlers of what nodes ask each other, as
// `make generate` makes them.
package replicaconnect
