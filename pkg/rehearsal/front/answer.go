package front

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// answer is what goes back to the client. An XML body is parsed at most once,
// and only when something has to be changed in it.
type answer struct {
	status int
	header http.Header
	body   []byte
	doc    *etree.Document
}

// xml is the root of the body; an empty element when the body is not XML.
func (a *answer) xml() *etree.Element {
	if a.doc == nil {
		a.doc = etree.NewDocument()
		if err := a.doc.ReadFromBytes(a.body); err != nil || a.doc.Root() == nil {
			a.doc = nil
			return etree.NewElement("None")
		}
	}
	return a.doc.Root()
}

func (a *answer) ok() bool { return a.status >= 200 && a.status < 300 }

func (a *answer) write(w http.ResponseWriter) error {
	if a.doc != nil {
		changed, err := a.doc.WriteToBytes()
		if err != nil {
			return fmt.Errorf("write the changed answer: %w", err)
		}
		a.body = changed
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if w.Header().Get("X-Amzn-Requestid") == "" {
		w.Header().Set("X-Amzn-Requestid", rand.Text())
	}
	if w.Header().Get("Content-Length") == "" {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	_, err := w.Write(a.body)
	return err
}

// failure is an error as AWS would answer it.
type failure struct {
	status  int
	code    string
	message string
}

func fail(code, message string) *failure { return &failure{status: 400, code: code, message: message} }

// protocol is how a service writes its errors.
type protocol int

const (
	jsonErrors  protocol = iota // {"__type": …}, also REST-JSON
	ec2Errors                   // <Response><Errors>…
	queryErrors                 // <ErrorResponse>…, also REST-XML
	cborErrors
)

func protocolOf(r *http.Request, who identity) protocol {
	switch {
	case r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		return cborErrors
	case r.Header.Get("X-Amz-Target") != "":
		return jsonErrors
	case who.Service == "ec2":
		return ec2Errors
	case who.Service == "route53", who.Service == "s3",
		strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		return queryErrors
	}
	return jsonErrors
}

// answer writes the failure in a service's protocol.
// https://docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html
// https://smithy.io/2.0/aws/protocols/index.html
func (e *failure) answer(p protocol) *answer {
	a := &answer{status: e.status, header: http.Header{}}
	switch p {
	case ec2Errors:
		a.header.Set("Content-Type", "text/xml;charset=UTF-8")
		a.body = fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors><RequestID>%s</RequestID></Response>`,
			escape(e.code), escape(e.message), rand.Text())
	case queryErrors:
		a.header.Set("Content-Type", "text/xml")
		a.body = fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?><ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>%s</RequestId></ErrorResponse>`,
			escape(e.code), escape(e.message), rand.Text())
	case cborErrors:
		cborHeader(a.header)
		a.body = cborError(e.code, e.message)
	default:
		a.header.Set("Content-Type", "application/x-amz-json-1.0")
		a.header.Set("X-Amzn-Errortype", e.code)
		a.body, _ = json.Marshal(map[string]string{"__type": e.code, "message": e.message, "Message": e.message})
	}
	return a
}

func escape(s string) string {
	var b bytes.Buffer
	etree.NewText(s).WriteTo(&b, &etree.WriteSettings{})
	return b.String()
}
