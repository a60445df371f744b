package main

import "testing"

func TestClassify(t *testing.T) {
	for text, want := range map[string]string{
		"Apache License\n   Version 2.0, January 2004":                                                         "Apache-2.0",
		"Permission is hereby granted, free of\ncharge, to any person":                                         "MIT",
		"Redistribution and use in source and binary forms … Neither the name of the holder nor":               "BSD-3-Clause",
		"Redistribution and use in source and binary forms, with or without modification":                      "BSD-2-Clause",
		"GNU GENERAL PUBLIC LICENSE Version 3 … Permission is hereby granted, free of charge":                  "",
		"GNU LESSER GENERAL PUBLIC LICENSE":                                                                    "",
		"All rights reserved.":                                                                                 "",
		"Permission to use, copy, modify, and distribute this software for any purpose with or without fee is": "ISC",
	} {
		if got := classify(text); got != want {
			t.Errorf("%.60q is %q, want %q", text, got, want)
		}
	}
}
