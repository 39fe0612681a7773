package front

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// What EC2 allows for MaxResults.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html
const (
	smallestPage = 5
	largestPage  = 1000
)

// page is which part of a list is asked for.
type page struct {
	action string
	size   int    // 0: all the rest
	after  string // id of the last item of the page before; "" for the first page
}

// readPage reads the paging parameters of a request; nil when it has none, for
// then EC2 answers everything at once.
func readPage(action string, form url.Values) (*page, *failure) {
	size, token := form.Get("MaxResults"), form.Get("NextToken")
	if size == "" && token == "" {
		return nil, nil
	}
	p := &page{action: action}
	if size != "" {
		n, err := strconv.Atoi(size)
		if err != nil || n < smallestPage {
			return nil, fail("InvalidParameterValue", fmt.Sprintf("Value ( %s ) for parameter maxResults is invalid. Expecting a value of %d or more.", size, smallestPage))
		}
		p.size = min(n, largestPage)
	}
	if token != "" {
		plain, err := base64.URLEncoding.DecodeString(token)
		of, after, found := strings.Cut(string(plain), " ")
		if err != nil || !found || of != action {
			return nil, fail("InvalidPaginationToken", "The specified pagination token is not valid or is expired.")
		}
		p.after = after
	}
	return p, nil
}

// cut leaves one page of a list in an answer. Items are in the order of their
// ids, so that what is made or deleted between two pages doubles or hides nothing
// else; EC2 promises no order.
func (p *page) cut(root *etree.Element, l listing) {
	items := root.FindElements(l.items)
	slices.SortFunc(items, func(a, b *etree.Element) int { return cmp.Compare(text(a, l.id), text(b, l.id)) })
	last, kept, more := "", 0, false
	for _, item := range items {
		id, parent := text(item, l.id), item.Parent()
		parent.RemoveChild(item)
		switch {
		case id <= p.after:
		case p.size > 0 && kept == p.size:
			more = true
		default:
			parent.AddChild(item)
			last = id
			kept++
		}
	}
	if more {
		put(root, "nextToken", base64.URLEncoding.EncodeToString([]byte(p.action+" "+last)))
	}
}
