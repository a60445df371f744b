package web

import (
	"fmt"
	"strconv"
	"time"
)

// newIndicator is where a new rule begins. It can be read and finds little.
const newIndicator = `indicator: NEW-01
title: What the sign is, in a few words
category: recruitment            # recruitment | grooming | common
family: documents                # findings of one family are capped together
strength: medium                 # strong | medium | weak | negative
status: experimental             # runs in shadow, never scores
why: "what a finding means to the reader: {document} … {keeping}"
falsepositives: [hotels that ask guests for a passport]
signals:
  document: {ro: [pasaport*, buletin*], en: [passport*, id card]}
  keeping:  {ro: [pastr*, retin*], en: [keep*, hold*]}
  copy:     {ro: [copie], en: [copy]}
condition: near(document, keeping, 6) and not copy
examples:
  - {lang: ro, match: true, text: "pasaportul il pastram noi pana la plecare"}
  - {lang: ro, match: false, text: "pastram o copie a pasaportului"}
  - {lang: en, match: true, text: "we keep your passport until you leave"}
  - {lang: en, match: false, text: "keep a copy of your passport"}
`

// exceptionDays is how long a new exception holds unless its author says
// otherwise.
const exceptionDays = 90

// newException is where a new exception begins.
func newException(owner string, now time.Time) string {
	return fmt.Sprintf(`exception: our-office-one          # a short name
indicators: [REC-04]               # indicators or rules that are not reported
reason: why your office does not want them
owner: %s
expires: %s                # the first day it no longer holds
signals:                           # leave out signals and condition: always
  place: {field: {source: [example-jobs]}}
condition: place
`, strconv.Quote(owner), now.UTC().AddDate(0, 0, exceptionDays).Format(time.DateOnly))
}
