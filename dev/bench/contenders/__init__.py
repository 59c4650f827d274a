"""What `peers` compares: the programs of Celery and dramatiq as a team would write them, and ours.

Each of the first two is what its worker loads, and run as a program it puts one text for each
number that it reads on the queue. Only `python3 dev bench` installs what they import.
"""
