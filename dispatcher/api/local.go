package api

import (
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// onlyLocal refuses what a web page of another origin, or a name of another site that leads to
// this machine, could make a browser send: the Host must be a loopback name, a foreign Origin is
// refused, and only the content types of the services are read.
func onlyLocal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !IsLoopback(r.Host):
			refuseLocal(w, http.StatusForbidden, "the Host %.100q is not a loopback name, and without "+
				"authentication this server serves its own machine alone", r.Host)
		case !ownOrigin(r):
			refuseLocal(w, http.StatusForbidden, "pages of %.100q may not call this server",
				r.Header.Get("Origin"))
		case r.Method == http.MethodPost && !knownContent(r.Header.Get("Content-Type")):
			refuseLocal(w, http.StatusUnsupportedMediaType,
				"content of type %.100q is not read: use application/json", r.Header.Get("Content-Type"))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func refuseLocal(w http.ResponseWriter, status int, format string, args ...any) {
	http.Error(w, fmt.Sprintf(format, args...), status)
}

// IsLoopback reports whether HOST or HOST:PORT names this machine as only it can be reached by
// itself.
func IsLoopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// ownOrigin reports whether a request is from a page of this server, or from no page.
func ownOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host
}

// contentTypes are those that the services read. A browser asks the server before it sends one of
// them to another origin, and gets no permission.
var contentTypes = []string{
	"application/json", "application/proto", "application/prpc",
	"application/grpc", "application/grpc+proto",
	"application/grpc+json", "application/grpc-web", "application/grpc-web+proto",
	"application/grpc-web+json", "application/connect+json", "application/connect+proto",
}

func knownContent(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	for _, known := range contentTypes {
		if kind == known {
			return true
		}
	}
	return false
}
