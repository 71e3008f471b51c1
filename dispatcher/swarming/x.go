package swarming

import (
	_ "go.chromium.org/luci/grpc/prpc"
	_ "go.chromium.org/luci/swarming/proto/plugin"
	_ "google.golang.org/grpc"
)
