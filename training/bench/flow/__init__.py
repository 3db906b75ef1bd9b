"""Does a trained flow find what is alike better than what it is compared with?"""
