package front

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// CloudWatch's Go SDK speaks smithy-rpc-v2-cbor alone, and moto does not. It does
// speak the JSON protocol that CloudWatch had before, so both ways are translated.
// https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html

const cloudWatchTarget = "GraniteServiceVersion20100801."

// translate forwards a CBOR request as JSON and answers in CBOR.
func (f *Front) translate(x *exchange) (*answer, *failure) {
	input, err := cborToJSON(x.body, x.request.Header.Get("Content-Encoding"))
	if err != nil {
		return nil, fail("SerializationException", err.Error())
	}
	plain := *x
	plain.request = x.request.Clone(x.request.Context())
	plain.request.URL.Path, plain.request.URL.RawPath = "/", ""
	plain.request.Header.Del("Smithy-Protocol")
	plain.request.Header.Del("Content-Encoding")
	plain.request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	plain.request.Header.Set("Accept", "application/json")
	plain.request.Header.Set("X-Amz-Target", cloudWatchTarget+x.who.Action)
	plain.body = input
	a, refusal := f.forward(&plain)
	if refusal != nil {
		return nil, refusal
	}
	if !a.ok() {
		return jsonFailure(a).answer(cborErrors), nil
	}
	if a.body, err = jsonToCBOR(a.body); err != nil {
		return nil, &failure{status: http.StatusNotImplemented, code: "NotImplemented", message: err.Error()}
	}
	a.header.Del("X-Amzn-Errortype")
	cborHeader(a.header)
	return a, nil
}

func cborHeader(h http.Header) {
	h.Set("Content-Type", "application/cbor")
	h.Set("Smithy-Protocol", "rpc-v2-cbor")
}

func cborError(code, message string) []byte {
	encoded, _ := cbor.Marshal(map[string]string{"__type": code, "message": message}) // strings only
	return encoded
}

// jsonFailure reads an error of moto's JSON protocol: {"__type": "shape#Code", …}.
func jsonFailure(a *answer) *failure {
	var said struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(a.body, &said); err != nil {
		said.Type, said.Message = "InternalFailure", string(a.body)
	}
	return &failure{status: http.StatusBadRequest, code: said.Type[strings.LastIndexByte(said.Type, '#')+1:], message: said.Message}
}

// cborToJSON turns a request into JSON. Timestamps (tag 1) become epoch seconds.
func cborToJSON(body []byte, encoding string) ([]byte, error) {
	if encoding == "gzip" { // PutMetricData compresses what is large
		zipped, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, fmt.Errorf("unzip the request: %w", err)
		}
		if body, err = io.ReadAll(zipped); err != nil {
			return nil, fmt.Errorf("unzip the request: %w", err)
		}
	}
	if len(body) == 0 {
		return []byte("{}"), nil
	}
	// JSON can write no map but one of strings.
	decoding, err := cbor.DecOptions{DefaultMapType: reflect.TypeFor[map[string]any]()}.DecMode()
	if err != nil {
		return nil, err
	}
	var decoded map[string]any
	if err := decoding.Unmarshal(body, &decoded); err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	return json.Marshal(plainTimes(decoded))
}

// jsonToCBOR turns an answer into CBOR. JSON knows no timestamps, so they are
// known by their names.
func jsonToCBOR(body []byte) ([]byte, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return cbor.Marshal(map[string]any{})
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var decoded map[string]any
	if err := decoder.Decode(&decoded); err != nil {
		return nil, fmt.Errorf("read moto's answer: %w", err)
	}
	return cbor.Marshal(tagged("", decoded))
}

// plainTimes replaces times by seconds since 1970.
func plainTimes(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, member := range v {
			v[k] = plainTimes(member)
		}
	case []any:
		for i, member := range v {
			v[i] = plainTimes(member)
		}
	case time.Time:
		return float64(v.UnixMilli()) / 1000
	}
	return v
}

// tagged gives numbers their CBOR types: a timestamp under a timestamp's name, an
// integer where JSON has one, else a double. Null members are left out.
func tagged(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, member := range v {
			if member == nil {
				delete(v, k)
				continue
			}
			v[k] = tagged(k, member)
		}
	case []any:
		for i, member := range v {
			v[i] = tagged(name, member)
		}
	case json.Number:
		seconds, err := v.Float64()
		switch {
		case err != nil:
			return v.String()
		case isTimestamp(name):
			return cbor.Tag{Number: 1, Content: seconds}
		case seconds == math.Trunc(seconds) && !strings.ContainsAny(v.String(), ".eE"):
			return int64(seconds)
		}
		return seconds
	}
	return v
}

// isTimestamp knows CloudWatch's timestamps by their names.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Types.html
func isTimestamp(name string) bool {
	switch name {
	case "StartTime", "EndTime", "StartDate", "EndDate", "LastModified", "CreationDate", "LastUpdateDate", "ExpireDate":
		return true
	}
	return strings.HasSuffix(name, "Timestamp") || name == "Timestamps"
}
