package dispatcher

import (
	"context"

	"connectrpc.com/connect"
	"connectrpc.com/otelconnect"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/trace"
)

// traces send a span of each call to an endpoint; the zero value sends none.
type traces struct {
	interceptor connect.Interceptor // nil without an endpoint
	provider    *trace.TracerProvider
}

// openTraces returns traces to an endpoint; none if it is empty. The environment's
// OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES name the service.
func openTraces(endpoint string) (*traces, error) {
	if endpoint == "" {
		return &traces{}, nil
	}
	exporter, err := otlptracehttp.New(context.Background(),
		otlptracehttp.WithEndpointURL(endpoint))
	if err != nil {
		return nil, err
	}
	t := &traces{provider: trace.NewTracerProvider(trace.WithBatcher(exporter))}
	t.interceptor, err = otelconnect.NewInterceptor(otelconnect.WithTracerProvider(t.provider),
		otelconnect.WithoutMetrics())
	return t, err
}

// close sends what is left.
func (t *traces) close() error {
	if t.provider == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	return t.provider.Shutdown(ctx)
}
