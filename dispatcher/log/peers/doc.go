// Package peers connects the nodes of a cluster, one port for all that they say to each other.
//
// A connection begins with a hello from the side that dials, and one back:
//
//	dials     kind (1 byte: R raft, N calls between nodes)   length (2 bytes, big-endian)   JSON
//	accepts   . for welcome or ! for no                      length                         JSON
//
// The JSON is a Hello; of a no, a text that says why. With TLS (1.3, both sides) the certificate
// has the node's id among its DNS names. Without it, peers are on loopback addresses alone. What
// has not said hello within a deadline is closed, and only so many connections may be without a
// hello at once.
package peers
