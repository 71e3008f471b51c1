package scheduler

import "google.golang.org/protobuf/encoding/protowire"

// These are the numbers of the fields in state.proto that snapshots as bytes are written and read
// by, each named after its message and field. TestFieldNumbers compares them with the descriptors.
const (
	fieldSchedulerLabelSets       protowire.Number = 6
	fieldSchedulerWaitingRequests protowire.Number = 7
	fieldSchedulerWorkers         protowire.Number = 8
	fieldSchedulerCordons         protowire.Number = 13
	fieldSchedulerLast                             = fieldSchedulerCordons

	fieldLabelSetLabelIDs protowire.Number = 1

	fieldRequestID            protowire.Number = 1
	fieldRequestContent       protowire.Number = 2
	fieldRequestConfirmedTime protowire.Number = 3
	fieldRequestBlocked       protowire.Number = 4
	fieldRequestLostWork      protowire.Number = 5

	fieldContentAccount               protowire.Number = 1
	fieldContentBaseLabelSet          protowire.Number = 2
	fieldContentProvisionableLabelSet protowire.Number = 3
	fieldContentEnqueueTime           protowire.Number = 4
	fieldContentTags                  protowire.Number = 5

	fieldWorkerID            protowire.Number = 1
	fieldWorkerLabelSet      protowire.Number = 2
	fieldWorkerConfirmedTime protowire.Number = 3
	fieldWorkerIdleSince     protowire.Number = 4
	fieldWorkerRun           protowire.Number = 5

	fieldRunRequest        protowire.Number = 1
	fieldRunPriority       protowire.Number = 2
	fieldRunCost           protowire.Number = 3
	fieldRunPaidSince      protowire.Number = 4
	fieldRunPreemptionCost protowire.Number = 5
	fieldRunStartTime      protowire.Number = 6
	fieldRunStage          protowire.Number = 7
	fieldRunNextContent    protowire.Number = 8
	fieldRunHandOutTime    protowire.Number = 9
	fieldRunSavedTime      protowire.Number = 10

	fieldTimestampSeconds protowire.Number = 1
	fieldTimestampNanos   protowire.Number = 2

	fieldDurationSeconds protowire.Number = 1
	fieldDurationNanos   protowire.Number = 2
)
