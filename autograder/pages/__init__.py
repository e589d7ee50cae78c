"""What people read: a page for each student, the table and the page of a whole class."""
