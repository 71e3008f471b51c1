package api

import (
	"mime"
	"net/http"
	"strings"
)

// redirectJSON sends callers with JSON over HTTP on to the leader, where a program with a client of
// its own reads LeaderHeader.
func redirectJSON(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "application/json" {
			next.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(&redirector{ResponseWriter: w, uri: r.URL.RequestURI()}, r)
	})
}

// A redirector makes a redirection of an answer "unavailable" that names the leader.
type redirector struct {
	http.ResponseWriter
	uri string
}

// WriteHeader implements http.ResponseWriter.
func (w *redirector) WriteHeader(status int) {
	leader := w.Header().Get(LeaderHeader)
	if status == http.StatusServiceUnavailable && leader != "" {
		w.Header().Set("Location", strings.TrimSuffix(leader, "/")+w.uri)
		status = http.StatusTemporaryRedirect
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *redirector) Unwrap() http.ResponseWriter { return w.ResponseWriter }
