// Package access says who may do what: a policy file names identities, how each of them proves who
// it is, and what it may do in which pool.
//
//	credentials          Policy.Identify        Identity.May
//	certificate, token ──────────────────▶ Identity ────────▶ nil, or what is missing
//	                     ErrUnauthenticated            ErrDenied
//
// # The file
//
//	identities:
//	  ann:
//	    certificates: [email:ann@example.org]
//	    operator: true
//	  web-ci:
//	    tokens:
//	      - sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//	        expires: 2027-01-01
//	    pools:
//	      lab: {submit: [web, web-nightly], roles: [continue]}
//	    limits: {calls_per_second: 20, concurrent_calls: 10}
//	  lab-workers:
//	    certificates: [uri:quotasched:workers/lab]
//	    pools:
//	      lab: {roles: [worker]}
//	  dashboard:
//	    tokens:
//	      - sha256: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
//	    pools:
//	      "*": {roles: [view]}
//
// A certificate is an identity's if one of its subject alternative names is on the list, whole,
// after dns:, uri: or email:; several certificates may have the same name. Of a token the file has
// only the SHA-256. Whoever sends a token is who the token says, certificate or not.
//
// # Roles
//
// Those of a pool are given for one pool, or for all of them with "*":
//
//	view      look at all there is in the pool, and follow its events
//	worker    be a worker of the pool; of an external pool, be the dispatcher that owns its tasks
//	          and workers, such as Swarming, whatever account they are of
//	submit    submit tasks to the accounts on the list, and cancel tasks of theirs; "*" stands for
//	          all accounts and for tasks without one. It includes view
//	continue  submit tasks that go on when their worker falls silent; needs submit, too
//	admin     change the pool's settings, accounts and workers, empty it, cancel any task; includes
//	          view
//
// An operator of the cluster changes its nodes, makes and deletes pools, and is admin of each.
//
// # Strictness
//
// Unknown fields, fields that stand twice, roles that do not exist, a name or token of two
// identities and the like are mistakes, each with line and column, and no policy comes of such a
// file. [File] keeps the one before.
package access
