"""One script per figure: each prints `name value unit` rows beside what it is compared with."""
