"""What everything rests on: time, errors, wire, tables, law, keys and the keeper. Imports no other room."""
