"""The benches that need a whole machine: real keeper, web and recorder processes on footage prepared here."""
