"""The code tool: sessions in which model-written code runs, contained by Docker or by bubblewrap."""
