"""What all APIs of API Gateway share: their addresses, what is known of each, and the front of them all."""
