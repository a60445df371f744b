package contact

import "strings"

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// The ends of host names. A plain one is believed by itself. One that is also
// a word needs a path, more labels or a word such as site before it, because
// people write no blank after a full stop. A strange one needs a scheme, www.
// or a path: it is also the ending of a file, or a very common word.
var (
	plainTLD   = set("com net org info biz ro uk ru ua bg hu cz sk hr dk ie onion xyz edu gov")
	wordTLD    = set("online site shop store space club top app dev link live chat blog website vip pro jobs work gg eu gr fr tr pl tk cat zone group team world today center agency travel media social fun life icu win bid loan date men cam")
	strangeTLD = set("md rs fi al de es it at ch nl pt be se no me io tv co cc to am fm la nu si in is us ca ai so ly gl ml cf ga gq my st ws im sh do lt lv ee lu mt cy li by ge az il ae cn jp kr br ar mx au nz za mk ba su id ph th vn mobi name tel")
	localTLD   = set("рф укр бг бел срб рус москва онлаин онлайн саит сайт дети орг ею ευ ελ мкд қаз")
	// looseTLD are ends of host names that are believed after a blank.
	looseTLD = set("com net org ro info biz ru ua bg hu uk рф укр")
)

// linkCue are words that a host stands after.
var linkCue = set("site siteul website web pagina page link linkul adresa www visit viziteaza intra sito sitio seite webseite сайт сайте visita accesati accesează acceseaza url")

// notHost are words before "dot com" that name no host.
var notHost = set("not the a an un una una o la le de di il lo el los der die das din si and or pe cu the-dot big many all this that these those early late hai va este")

// onNet are words between a request to be added and a network.
var onNet = set("on pe al en su sur auf at via prin im par w by me ma mi moi mich mir в на у през във in")

// beforeAt are words that stand before the preposition at.
var beforeAt = set("back look looking looked is are was were be me him her us them you it out up go available find check see meet work working arrive good bad stay live there here only site page website")
