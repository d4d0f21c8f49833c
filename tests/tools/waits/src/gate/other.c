/* Its own function of the same name does not wait. */
static int
sleep_for(int n)
{
	return n;
}

int
calls_its_own(void)
{
	return sleep_for(3);
}
