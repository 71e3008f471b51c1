// Package dispatchconnect has the clients and handlers of the services in package dispatch, as
// `make generate` makes them.
package dispatchconnect
