// Package api has the services that clients call, and all that stands before them.
//
//	HTTP        loopback rules (without authentication), redirection to the leader, deadlines
//	 └ guard    who calls, how often; what the message needs, and whether they may; whether it makes
//	            sense; codes of errors
//	    ├ swarming   LUCI Swarming's ExternalScheduler, also over pRPC
//	    └ services   TaskService, WorkerService, AdminService, ViewService, EventService,
//	                 ClusterService: thin, over package node
//
// One port serves gRPC, gRPC-Web and Connect, the last one with JSON too, so that curl works;
// health and reflection; and /healthz, /readyz and /metrics.
//
// Each method has a rule, in rights.go, that says which rights a message needs; a method without
// one is refused. The messages of a stream are asked about one by one.
package api
