"""The demonstration: virtual cameras on footage, two fictitious communes, accounts named by role."""
