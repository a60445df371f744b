package main

func limitIsAnError() {}
